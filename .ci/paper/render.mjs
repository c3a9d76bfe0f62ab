// Draws diagrams: node render.mjs MODULES --check|--write FILE.dot... The same text gives the same bytes: Graphviz runs as
// WebAssembly, and measures text by tables of its own instead of by the fonts that a machine has.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const [modules, mode, ...files] = process.argv.slice(2);
const { instance } = createRequire(`${modules}/`)("@viz-js/viz");
const graphviz = await instance();

for (const file of files) {
  const { output, errors } = graphviz.render(readFileSync(file, "utf8"), { format: "svg" });
  for (const { message } of errors) {
    console.error(`${file}: ${message}`);
    process.exitCode = 1;
  }
  // Where there is no Verdana, a font as wide as it.
  const svg = output.replaceAll('font-family="Verdana"', 'font-family="Verdana,DejaVu Sans,sans-serif"');
  const to = file.replace(/\.dot$/, ".svg");
  if (mode === "--write") {
    writeFileSync(to, svg);
  } else if (read(to) !== svg) {
    console.error(`${to} is not what ${file} says: .ci/papers --write draws it anew`);
    process.exitCode = 1;
  }
}
console.log(`${files.length} diagrams, Graphviz ${graphviz.graphvizVersion}`);

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
