"""Follows a guide to the letter: GUIDE CATCHMENT [--write] runs its commands in an empty folder, as a reader would.

A block ```sh is typed into one shell, a block ```sh terminal into a terminal of its own, where it goes on to the end. What
stands in the block ```text behind it must be printed: all of it, or of a terminal each of its lines. Times, durations and
versions may be others. The ports of the guide stand for free ones. With --write the outputs of this run come into the page.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FENCE = re.compile(r"^```(sh|sh terminal|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PORT = re.compile(r"127\.0\.0\.1:(\d+)")
PATIENCE = 20
OTHERWISE = [
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)?"), "TIME"),
    (re.compile(r"^\d\d:\d\d:\d\d\.\d+", re.MULTILINE), "TIME"),
    (re.compile(r"\d\d/[A-Z][a-z]{2}/\d{4} \d\d:\d\d:\d\d"), "TIME"),
    (re.compile(r"(?i)\b\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"), "TIME"),
    (re.compile(r"\b\d+(?:\.\d+)? ?(?:µs|ms|s|min|h)\b"), "SPAN"),
    (re.compile(r"(\bcomplete +\d+ +)\d+"), r"\1VERSION"),
    (re.compile(r'("version": ?|as of version )\d+'), r"\1VERSION"),
    (re.compile(r"duration_ms=\d+|bytes=\d+|address=\S+"), "NUMBER"),
    (re.compile(r"(cts|ctm)_[\w-]+"), "TOKEN"),
    (re.compile(r"-{3,}"), "---"),
    (re.compile(r" +"), " "),
]


def main(guide, catchment, write=None):
    page = Path(guide).read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="guide-") as folder:
        ports = {8000, 8001, *map(int, PORT.findall(page))}
        ports = {port: port if write else free_port() for port in ports}
        walk = Walk(Path(folder), Path(catchment).resolve(), ports)
        try:
            blocks = list(FENCE.finditer(page))
            outputs = [walk.outcome(block, following) for block, following in zip(blocks, [*blocks[1:], None])]
        finally:
            walk.end()
    if write:
        Path(guide).write_text(written(page, blocks, outputs), encoding="utf-8")
        return 0
    print("\n".join(walk.faults) or f"{walk.count} commands as the guide says")
    return 1 if walk.faults else 0


class Walk:
    def __init__(self, folder, catchment, ports):
        self.folder, self.ports, self.faults, self.terminals, self.count = folder, ports, [], [], 0
        programs = folder / ".programs"
        programs.mkdir()
        (programs / "catchment").symlink_to(catchment)
        home = folder / "guide"
        home.mkdir()
        self.environment = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "CATCHMENT__LOG__FORMAT": "text",
            "NO_COLOR": "1",
            "CATCHMENT__API__REFRESH": "100ms",
            "CATCHMENT__API__LISTEN": f"127.0.0.1:{self.ports[8000]}",
            "CATCHMENT__SYNCER__LISTEN": f"127.0.0.1:{self.ports[8001]}",
        }
        self.home = home
        self.state = folder / "state"
        self.state.write_text(f"cd {home}\n")

    def outcome(self, block, following):
        kind, text = block[1], self.here(block[2])
        expected = following[2] if following and following[1] == "text" else None
        if kind == "text":
            return None
        self.count += 1
        if kind == "sh terminal":
            return self.terminal(text, expected)
        code, printed = self.typed(text)
        if expected is None and code:
            self.faults.append(f"$ {block[2].rstrip()}\n-- ended with {code}\n{printed}")
        if expected is not None and alike(printed) != alike(expected):
            self.faults.append(f"$ {block[2].rstrip()}\n-- the guide says\n{expected}-- this was printed\n{printed}")
        return printed

    def typed(self, text):
        """How a block ends and what it prints; the folder it goes to and the variables it exports hold for the next one."""
        keep = f"\nended=$?\n{{ export -p; printf 'cd %q\\n' \"$PWD\"; }} > {self.state}\nexit $ended\n"
        done = subprocess.run(["bash", "-c", f"set -a; . {self.state}\n{text}{keep}"], env=self.environment, cwd=self.home,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=3 * PATIENCE)
        return done.returncode, self.there(done.stdout)

    def terminal(self, text, expected):
        log = self.folder / f"terminal-{len(self.terminals)}"
        with log.open("wb") as out:
            process = subprocess.Popen(["bash", "-c", f". {self.state}\n{text}"], env=self.environment, cwd=self.home,
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
        self.terminals.append(process)
        end = time.monotonic() + PATIENCE
        while True:
            printed = self.there(log.read_text())
            missing = [line for line in alike(expected or "") if line not in alike(printed)]
            if not missing and expected:
                return printed
            if time.monotonic() > end:
                self.faults.append(f"$ {text.rstrip()}\n-- the guide says, and it was not printed\n" + "\n".join(missing) +
                    f"\n-- this was printed\n{printed}")
                return printed
            time.sleep(0.05)

    def here(self, text):
        for port, own in self.ports.items():
            text = re.sub(rf"\b{port}\b", str(own), text)
        return text

    def there(self, text):
        for port, own in self.ports.items():
            text = re.sub(rf"\b{own}\b", str(port), text)
        return text.replace(str(self.home), "~")

    def end(self):
        for process in self.terminals:
            os.killpg(process.pid, signal.SIGTERM)
        for process in self.terminals:
            process.wait(PATIENCE)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def alike(text):
    """The lines without what is another each time."""
    for pattern, word in OTHERWISE:
        text = pattern.sub(word, text)
    return [line.strip() for line in text.splitlines() if line.strip()]


def written(page, blocks, outputs):
    """The page with what was printed; of a terminal, the lines that it shows stay those."""
    parts, at, before = [], 0, None
    for block, printed in zip(blocks, outputs):
        if block[1] == "text" and before and before[0][1] == "sh":
            parts.append(page[at : block.start(2)] + before[1].rstrip() + "\n")
            at = block.end(2)
        before = (block, printed)
    return "".join(parts) + page[at:]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
