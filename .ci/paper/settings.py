"""Prints the page of all settings, made of the default file: DEFAULTS."""

import re
import sys
from pathlib import Path

HEAD = """\
# Settings

This page is made of [`settings.default.toml`](../catchment/src/settings.default.toml) by `.ci/papers --write`; change that
file, not this one. `catchment settings` prints it, `catchment settings --json` the values alone.

A setting stands in `catchment.toml`, in the working folder or where `--settings` says, under its section:

```toml
[api]
listen = "0.0.0.0:80"
```

or in the variable of its name: `CATCHMENT__API__LISTEN=0.0.0.0:80`. A variable goes before the file, the file before the
defaults; an empty variable counts as not set. An unknown key is an error. `${NAME}` takes a variable's value,
`${file:/run/secrets/name}` a file's content. Behind each variable stands its default.

"""
KEY = re.compile(r"^(\w+) = (.+)$")
SECTION = re.compile(r"^\[(\w+)\]$")
PAGE_NAMED = re.compile(r"doc/((?:\w+/)?\w+\.md)")


def main(defaults):
    sys.stdout.write(told(Path(defaults).read_text(encoding="utf-8")))
    return 0


def told(defaults):
    """Each section with its settings; those that share a comment stand together."""
    section, comment, group, parts = None, [], [], []
    lines = defaults.splitlines()
    begin = next(at for at, line in enumerate(lines) if SECTION.match(line))

    def close():
        if group:
            parts.append(entry(section, group, comment))
        elif comment and section:
            parts.append(note(comment))
        group.clear()
        comment.clear()

    for line in lines[begin:]:
        if found := SECTION.match(line):
            close()
            section = found[1]
            parts.append(f"## `[{section}]`\n\n")
        elif line.startswith("#"):
            if group:
                close()
            comment.append(line[1:].removeprefix(" "))
        elif found := KEY.match(line):
            group.append((found[1], found[2]))
        elif not line:
            close()
        else:
            raise ValueError(f"neither section, key nor comment: {line}")
    close()
    return (HEAD + "".join(parts)).rstrip() + "\n"


def entry(section, group, comment):
    names = ", ".join(f"`{section}.{key}`" for key, _ in group)
    rows = "".join(f"- `{variable(section, key)}`: `{default}`\n" for key, default in group)
    return f"### {names}\n\n{prose(comment)}\n\n{rows}\n"


def variable(section, key):
    return f"CATCHMENT__{section}__{key}".upper()


def note(comment):
    """What belongs to no setting; what is set in by four blanks is a file's content."""
    parts, inside = [], False
    for line in comment:
        indented = line.startswith("    ")
        if indented != inside and line:
            parts.append("```toml" if indented else "```")
            inside = indented
        parts.append(line.removeprefix("    ") if indented else line)
    if inside:
        parts.append("```")
    return "## `[source.NAME]`\n\n" + "\n".join(parts) + "\n\n"


def prose(comment):
    return PAGE_NAMED.sub(r"[\1](\1)", "\n".join(comment))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
