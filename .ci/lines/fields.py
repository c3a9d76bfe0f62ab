"""Are all fields that the program may log in the index template? TEMPLATE FOLDER..."""

import json
import pathlib
import re
import sys

MACRO = re.compile(r"\b(?:trace|debug|info|warn|error|(?:trace|debug|info|warn|error)_span)!\(")
FIELD = re.compile(r"(?:%|\?)?([a-z_]+)(?:\s*=[^=]|$)|(?:%|\?)([a-z_]+)(?:\.[a-z_.()]+)?$")
ALWAYS = {"timestamp", "level", "target", "message"}


def main(template, *folders):
    with open(template, encoding="utf-8") as file:
        known = set(json.load(file)["template"]["mappings"]["properties"])
    logged = {name: "every line" for name in ALWAYS}
    for folder in folders:
        for path in pathlib.Path(folder).rglob("*.rs"):
            text = path.read_text(encoding="utf-8").split("#[cfg(test)]")[0]
            if "tests" not in path.parts:
                logged |= {name: str(path) for name in names(text)}
    for name in sorted(set(logged) - known):
        print(f"{template}: there is no field `{name}`, which {logged[name]} logs", file=sys.stderr)
    print(f"{len(logged)} fields")
    return 1 if set(logged) - known or len(logged) < 30 else 0


def names(text):
    for macro in MACRO.finditer(text):
        for part in parts(text, macro.end()):
            if not part.startswith('"') and (field := FIELD.match(part)):
                yield field[1] or field[2]


def parts(text, place):
    """What stands between the commas of a macro."""
    depth, begin, quoted = 0, place, False
    while depth >= 0:
        char = text[place]
        if char == '"' and text[place - 1] != "\\":
            quoted = not quoted
        elif not quoted:
            depth += (char in "([{") - (char in ")]}")
        if not quoted and (depth < 0 or (depth == 0 and char == ",")):
            yield " ".join(text[begin:place].split())
            begin = place + 1
        place += 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
