"""Holds the pages together: each relative link in each *.md of ROOT leads to a file and to a heading that it has, each page
and image of doc/ is named by doc/README.md or by a page, each alert has a row and a section, and each of these an alert.
"""

import re
import sys
from pathlib import Path
from urllib.parse import unquote

LINK = re.compile(r"(?<!\\)!?\[(?:[^\[\]]|\[[^\]]*\]\([^)]*\))*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
INNER = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)")
REFERENCE = re.compile(r"^\[[^\]]+\]:\s+(\S+)", re.MULTILINE)
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$")
FENCE = re.compile(r"^ *(```+|~~~+)")
CODE = re.compile(r"`[^`\n]*`")
ALERT = re.compile(r"^ *- alert: (\w+)$", re.MULTILINE)
ROW = re.compile(r"^\| \[(\w+)\]\(monitoring\.md#(\w+)\) \|", re.MULTILINE)
SECTION = re.compile(r"^### (\w+)$", re.MULTILINE)


def main(root):
    root = Path(root).resolve()
    pages = {page: page.read_text(encoding="utf-8") for page in files(root, ".md")}
    links = {page: sorted(links_of(text)) for page, text in pages.items()}
    faults = [
        *dead(root, pages, links),
        *unlisted(root, pages, links),
        *alerts(root, pages),
    ]
    print("\n".join(faults) or f"{len(pages)} pages, {sum(map(len, links.values()))} links")
    return 1 if faults else 0


def files(folder, *kinds):
    """Those of the project: neither what is hidden nor what is built."""
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            if not path.name.startswith(".") and path.name not in ("target", "node_modules"):
                yield from files(path, *kinds)
        elif path.suffix in kinds:
            yield path


def links_of(text):
    text = CODE.sub("", without_code(text))
    found = LINK.findall(text) + INNER.findall(text) + REFERENCE.findall(text)
    return {target for target in found if not re.match(r"[a-z][a-z+.-]*:", target)}


def without_code(text):
    fence, kept = None, []
    for line in text.splitlines():
        if found := FENCE.match(line):
            if fence is None:
                fence = found[1]
            elif line.strip().startswith(fence):
                fence = None
            continue
        if fence is None:
            kept.append(line)
    return "\n".join(kept)


def dead(root, pages, links):
    for page, targets in links.items():
        for target in targets:
            path, _, fragment = target.partition("#")
            to = (page.parent / unquote(path)).resolve() if path else page
            name = page.relative_to(root)
            if root not in to.parents or not to.exists():
                yield f"{name}: {target} leads nowhere"
            elif fragment and to.suffix == ".md" and fragment not in anchors(pages.get(to) or to.read_text()):
                yield f"{name}: {target}: there is no such heading"


def anchors(text):
    """As GitHub makes them of headings; of equal ones the second gets -1."""
    seen, found = {}, set()
    for line in without_code(text).splitlines():
        if heading := HEADING.match(line):
            words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).lower()
            name = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
            count = seen.get(name, 0)
            seen[name] = count + 1
            found.add(f"{name}-{count}" if count else name)
    return found


def unlisted(root, pages, links):
    chart = root / "doc/README.md"
    listed = {(chart.parent / unquote(target.partition("#")[0])).resolve() for target in links[chart]}
    for page in pages:
        if root / "doc" in page.parents and page != chart and page not in listed:
            yield f"doc/README.md: no line leads to {page.relative_to(root)}"
    shown = {(page.parent / unquote(target)).resolve() for page, targets in links.items() for target in targets}
    for image in files(root / "doc", ".png", ".svg"):
        if image not in shown:
            yield f"{image.relative_to(root)}: no page shows it"


def alerts(root, pages):
    rules = sorted((root / "infra/prometheus/rules").glob("*.yml"))
    known = {alert for path in rules for alert in ALERT.findall(path.read_text(encoding="utf-8"))}
    monitoring, guide = (without_code(pages[root / "doc" / name]) for name in ("monitoring.md", "operators-guide.md"))
    sections = set(SECTION.findall(monitoring.partition("\n## Alerts\n")[2].partition("\n## ")[0]))
    rows = ROW.findall(guide)
    for name in sorted(known ^ sections):
        yield f"doc/monitoring.md: {name}: " + ("has no section" if name in known else "there is no such alert")
    for name in sorted(known ^ {name for name, _ in rows}):
        yield f"doc/operators-guide.md: {name}: " + ("has no row" if name in known else "there is no such alert")
    for name, anchor in rows:
        if anchor != name.lower():
            yield f"doc/operators-guide.md: {name} leads to {anchor}"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
