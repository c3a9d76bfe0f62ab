"""A terminal in which the demo runs, as a picture: PICTURE CATCHMENT [--write] holds it against a new run, or draws it anew.

The lines are those that the programs print. They come one after the other once, and then stand still.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from html import escape, unescape
from pathlib import Path

from guide import alike, free_port

API = "http://127.0.0.1:8000/api/v1/thecatapi/breeds"
ASKED = [
    f"curl -s '{API}?origin=Egypt&fields=id,name&shape=array'",
    f"curl -s '{API}?temperament__has=Gentle&fields=name&limit=2&shape=array'",
    f"curl -s '{API}/-/facets?facet=origin&facet_limit=3'",
    f"curl -s '{API}?orgin=Egypt' | grep -o '\"did_you_mean\":.*\"'",
]
LAST = "mirrored within"
PATIENCE = 30
WIDTH, LINE, LETTER, MARGIN = 116, 18, 7.83, 18
TEXT = re.compile(r"<text[^>]*>(.*?)</text>")
TOKEN = re.compile(r"cts_[\w-]+")
PASSING = re.compile(r"127\.0\.0\.1:\d{5}|catchment-demo-\w+|\"next\":\"[^\"]*\"")


def main(picture, catchment, write=None):
    # For the picture the ports that people see, as the columns are as wide as they.
    ports = (8000, 8001) if write else (free_port(), free_port())
    lines = told(Path(catchment).resolve(), dict(zip((8000, 8001), ports)))
    if write:
        Path(picture).write_text(drawn(lines), encoding="utf-8")
        return 0
    stands = Path(picture).read_text(encoding="utf-8")
    shown = [unescape(line) for line in TEXT.findall(stands)]
    fresh = [unescape(line) for line in TEXT.findall(drawn(lines))]
    if steady(shown) == steady(fresh):
        print(f"{len(shown)} lines")
        return 0
    print(f"{picture} shows\n" + "\n".join(shown) + "\n-- and this is what was printed\n" + "\n".join(fresh))
    return 1


def steady(lines):
    """What each run prints alike. Where a line is broken is no matter."""
    whole = "".join(line + "\n" * (len(line) < WIDTH) for line in lines)
    return alike(PASSING.sub("PASSING", whole))


def told(catchment, ports):
    """What is typed and printed: pairs of a kind and a line."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="demo-") as folder:
        own = os.environ | {
            "TMPDIR": "/var/tmp",
            "CATCHMENT__API__LISTEN": f"127.0.0.1:{ports[8000]}",
            "CATCHMENT__SYNCER__LISTEN": f"127.0.0.1:{ports[8001]}",
        }
        out = Path(folder) / "demo"
        with out.open("wb") as file:
            demo = subprocess.Popen([catchment, "demo"], env=own, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        try:
            end = time.monotonic() + PATIENCE
            while LAST not in out.read_text() and demo.poll() is None and time.monotonic() < end:
                time.sleep(0.05)
            lines = [("typed", "catchment demo")]
            lines += [("printed", line) for line in renamed(out.read_text(), ports).splitlines()]
            for command in ASKED:
                lines += [("printed", ""), ("typed", command)]
                lines += [("printed", line) for line in renamed(asked(command, ports), ports).splitlines()]
        finally:
            demo.send_signal(signal.SIGTERM)
            demo.wait(PATIENCE)
    return lines


def asked(command, ports):
    command = command.replace(":8000/", f":{ports[8000]}/")
    here = os.environ | {"no_proxy": "127.0.0.1"}
    done = subprocess.run(["bash", "-c", command], env=here, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
    return done.stdout


def renamed(text, ports):
    for port, own in ports.items():
        text = text.replace(f":{own}", f":{port}")
    return TOKEN.sub("cts_…", text)


def drawn(lines):
    broken = [(kind, part, at) for kind, line in lines for at, part in enumerate(parts(kind, line))]
    height = len(broken) * LINE + 2 * MARGIN + 24
    width = round(WIDTH * LETTER + 2 * MARGIN)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img"',
        '  aria-label="A terminal: catchment demo mirrors its upstream, and curl asks it">',
        "<style>",
        "text { font: 13px 'DejaVu Sans Mono', Menlo, Consolas, monospace; fill: #d6deeb; white-space: pre }",
        ".typed { fill: #7fdbca } .more { fill: #7fdbca }",
        "g { animation: come 0.01s backwards } @keyframes come { from { visibility: hidden } }",
        "@media (prefers-reduced-motion) { g { animation: none } }",
        "</style>",
        f'<rect width="{width}" height="{height}" rx="8" fill="#0b1c2c"/>',
    ]
    out += [f'<circle cx="{MARGIN + 18 * at}" cy="{MARGIN}" r="6" fill="{fill}"/>' for at, fill in enumerate(("#ff5f56", "#ffbd2e", "#27c93f"))]
    late, y = 0.3, MARGIN + 36
    for kind, part, at in broken:
        late += 0.9 if kind == "typed" and at == 0 else 0.03
        text = escape(part, quote=False)
        sort = f' class="{kind}"' if kind == "typed" else ""
        if part:
            fit = f' textLength="{len(part) * LETTER:.1f}" lengthAdjust="spacingAndGlyphs"'
            out.append(f'<g style="animation-delay: {late:.2f}s"><text x="{MARGIN}" y="{y}"{sort}{fit}>{text}</text></g>')
        y += LINE
    return "\n".join([*out, "</svg>", ""])


def parts(kind, line):
    line = f"$ {line}" if kind == "typed" else line
    return [line[at : at + WIDTH] for at in range(0, len(line), WIDTH)] or [""]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
