"""Holds the diagrams of crates to their code: ROOT. Each module of lib.rs is in one box and each box of modules there, and an
arrow from one box to another has a module that names one of the other's.
"""

import re
import sys
from pathlib import Path

MODULE = re.compile(r"^(?:pub )?mod (\w+);$", re.MULTILINE)
BOX = re.compile(r'^ *(\w+) \[.*?<b>.*?</b><br/><font point-size="10">(.*?)</font>', re.MULTILINE)
ARROW = re.compile(r"^ *(\w+) -> (?:(\w+)|\{ ([\w ]+) \})", re.MULTILINE)
COMMENT = re.compile(r"^\s*//.*$", re.MULTILINE)


def main(root):
    faults = [fault for crate in ("api", "syncer") for fault in faults_of(Path(root), crate)]
    print("\n".join(faults) or "the boxes and arrows are those of the code")
    return 1 if faults else 0


def faults_of(root, crate):
    drawing, code = root / f"doc/diagrams/{crate}.dot", root / crate / "src"
    text = drawing.read_text(encoding="utf-8")
    modules = MODULE.findall((code / "lib.rs").read_text(encoding="utf-8"))
    boxes = {box: re.split(r",\s*|<br/>", words) for box, words in BOX.findall(text)}
    boxes = {box: [word for word in words if word] for box, words in boxes.items() if words != ["crate"]}
    drawn = [module for words in boxes.values() for module in words]
    for module in sorted({*modules, *drawn}):
        if module not in modules:
            yield f"{drawing}: there is no module {module}"
        elif drawn.count(module) != 1:
            yield f"{drawing}: {module} is in {drawn.count(module)} boxes"
    seen = "\n".join(line for line in text.splitlines() if "invis" not in line)
    for begin, end, several in ARROW.findall(seen):
        for to in several.split() or [end]:
            if begin in boxes and to in boxes and not named(code, boxes[begin], boxes[to]):
                yield f"{drawing}: {begin} -> {to}: no module of the first names one of the second"


def named(code, of, others):
    word = re.compile(r"\b(?:" + "|".join(others) + r")(?:::|[,;}]|\.|$)", re.MULTILINE)
    return any(word.search(COMMENT.sub("", path.read_text(encoding="utf-8"))) for module in of for path in sources(code, module))


def sources(code, module):
    return [code / f"{module}.rs"] if (code / f"{module}.rs").exists() else (code / module).rglob("*.rs")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
