"""The services' own log lines, through a real client that reads files and sends them in bulk, into a store that fails:
CATCHMENT RSYSLOG FOLDER

RSYSLOG is the folder into which Debian's packages were unpacked. The store stands in for Elasticsearch, the client for
Fluentd, which is in no registry of packages that this can count on.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import kibana
import store

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE = 20
LOG = "info,api::observe=debug"
# Lines that are no documents, and what becomes of them.
UNREAD = [b"not json", b'{"timestamp":"2026-11-22T05:00:00.000Z","level":', b"[1, 2]", b"5", b"{}"]
REFUSED = [b'{"timestamp":"2026-11-22T05:00:00.000Z","status":"abc"}', b'{"unheard_of":1}', b"\xff\xfe"]
LONG = json.dumps({"timestamp": "2026-11-22T05:00:00.000Z", "level": "warn", "message": "x" * 200_000}).encode()

BEGAN = time.monotonic()


class Wrong(Exception):
    pass


def main(program, rsyslog, folder):
    world = World(program, pathlib.Path(rsyslog), pathlib.Path(folder))
    try:
        story(world)
    except Wrong as wrong:
        print(f"wrong: {wrong}", file=sys.stderr)
        world.tell()
        return 1
    finally:
        world.clean_up()
    return 0


def story(world):
    world.provide()
    say("policy, template, data stream and saved objects are taken, and taken again")

    world.store.stop()
    world.start_client()
    world.start_services()
    seen = world.ask()
    say(f"{world.count()} lines, and nobody to take them")
    time.sleep(1)
    world.store.start(world.store.port)
    world.until_stored("the store is there")

    for mode, story in (
        ("busy", "it takes no document at the first and second try"),
        ("mute", "it writes down what comes, and hangs up without an answer"),
    ):
        before, conflicts = dict(world.store.tries), world.store.conflicts
        world.store.mode = mode
        world.ask()
        time.sleep(1.5)
        world.store.mode = "well"
        world.until_stored(story)
        again = max(tries - before.get(name, 0) for name, tries in world.store.tries.items())
        if (again < 3) if mode == "busy" else (world.store.conflicts == conflicts):
            raise Wrong(f"it did not: {story}")

    world.store.stop()
    world.ask()
    time.sleep(0.5)
    world.client.kill()
    world.client.wait()
    world.ask()
    world.start_client()
    time.sleep(0.5)
    world.store.start(world.store.port)
    world.until_stored("the client was killed while the store was away")

    world.spoil()
    world.ask()
    world.until_stored(f"{len(UNREAD) + len(REFUSED)} bad lines stand between the good ones")
    world.stop_services()
    world.until_stored("the services have ended")
    world.stop_client()
    world.ask_nobody()
    world.start_client()
    world.until_stored("the client went and came")
    world.judge(seen)


class World:
    def __init__(self, program, rsyslog, folder):
        self.program, self.rsyslog, self.folder = program, rsyslog, folder
        self.logs, self.spool = folder / "logs", folder / "spool"
        self.logs.mkdir()
        self.spool.mkdir()
        self.store = store.Store()
        self.store.start()
        self.services, self.client = [], None

    def provide(self):
        """What the compose file's two services that run once do."""
        for _ in range(2):
            for name in ("elasticsearch", "kibana"):
                command = [ROOT / "infra" / name / "provision", f"http://127.0.0.1:{self.store.port}"]
                done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
                if done.returncode:
                    raise Wrong(f"{name}/provision: {done.stdout}{done.stderr}")
        properties = self.store.templates["catchment-logs"]["template"]["mappings"]["properties"]
        faults = list(kibana.faults(list(self.store.objects.values()), properties))
        if faults:
            raise Wrong("; ".join(faults))

    def start_client(self):
        text = (ROOT / ".ci/lines/rsyslog.conf").read_text(encoding="utf-8")
        for name, value in (("SPOOL", self.spool), ("LOGS", self.logs), ("PORT", self.store.port)):
            text = text.replace(name, str(value))
        (self.folder / "rsyslog.conf").write_text(text, encoding="utf-8")
        (libraries,) = self.rsyslog.glob("usr/lib/*-linux-gnu")
        command = [self.rsyslog / "usr/sbin/rsyslogd", "-n", "-iNONE", "-M", libraries / "rsyslog", "-f", self.folder / "rsyslog.conf"]
        with open(self.folder / "rsyslog.err", "ab") as errors:
            environment = os.environ | {"LD_LIBRARY_PATH": str(libraries)}
            self.client = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)

    def stop_client(self):
        self.client.terminate()
        self.client.wait(PATIENCE)

    def start_services(self):
        base = {name: value for name, value in os.environ.items() if not name.startswith("CATCHMENT__")}
        base |= {"CATCHMENT__LOG__FOLDER": str(self.logs), "CATCHMENT__LOG__LEVEL": LOG}
        base |= {"CATCHMENT__API__LISTEN": "127.0.0.1:0", "CATCHMENT__SYNCER__LISTEN": "127.0.0.1:0"}
        upstream = self.start("demo", base, "--json")
        base["CATCHMENT__SOURCE__THECATAPI__BASE_URL"] = self.until(lambda: told(upstream).get("upstream"), "the demo's upstream")
        base["CATCHMENT__DATABASE__URL"] = f"sqlite://{self.folder}/catchment.db"
        subprocess.run([self.program, "migrate", "up"], env=base, check=True, capture_output=True, timeout=PATIENCE)
        self.start("syncer", base)
        self.start("api", base)
        self.api = "http://" + self.until(lambda: self.address("api"), "the api's address")
        self.until(lambda: self.lines_with("run ended", "syncer") >= 4, "four runs")

    def start(self, command, environment, *options):
        with open(self.folder / f"{command}.out", "wb") as out, open(self.folder / f"{command}.err", "wb") as errors:
            call = [self.program, command, *options]
            self.services.append(subprocess.Popen(call, env=environment, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out, stderr=errors))
        return self.folder / f"{command}.out"

    def stop_services(self):
        for service in self.services:
            service.send_signal(signal.SIGTERM)
        for service in self.services:
            if service.wait(PATIENCE):
                raise Wrong(f"{service.args[1]} ended with {service.returncode}")

    def ask(self):
        """Good and bad requests; the id of one that fails by itself."""
        for _ in range(20):
            get(f"{self.api}/api/v1/thecatapi/breeds?limit=3")
            get(f"{self.api}/api/v1/thecatapi/nothing")
        status, name = get(f"{self.api}/api/v1/thecatapi/breeds", {"cache-control": "max-stale=0, no-cache"})
        if status >= 500:
            raise Wrong(f"the api answers {status}")
        return name

    def ask_nobody(self):
        """Lines that come while no client reads."""
        with open(self.logs / "catchment-api.2099-01-01.log", "ab") as file:
            for number in range(50):
                file.write(json.dumps({"timestamp": "2099-01-01T00:00:00.000Z", "level": "info", "message": f"{number}"}).encode() + b"\n")

    def spoil(self):
        """Bad lines in the file into which the api writes meanwhile."""
        (file,) = self.logs.glob("catchment-api.*.log")
        with open(file, "ab", buffering=0) as out:
            for line in [*UNREAD, *REFUSED, LONG]:
                out.write(line + b"\n")

    # What there is, and what became of it.

    def lines(self):
        return [line for file in self.logs.glob("*.log") for line in file.read_bytes().split(b"\n")[:-1]]

    def count(self):
        return len(self.lines())

    def stored(self):
        return self.store.streams["catchment-logs"]

    def until_stored(self, story):
        before = time.monotonic()

        def good():
            return sum(line not in REFUSED for line in self.lines())

        def short():
            reasons = [reason for document, reason in self.store.answers.values()]
            return f"{story}: {len(self.stored())} of {good()} lines; refused: {reasons[:3]}"

        self.until(lambda: len(self.stored()) >= good(), short)
        say(f"{story}: all {len(self.stored())} lines are stored, {time.monotonic() - before:.1f} s later")

    def judge(self, seen):
        faults = []
        documents = list(self.stored().values())
        sent = sorted(canonical(line) for line in self.lines() if line not in REFUSED)
        came = sorted(canonical_document(document) for document in documents)
        lost, more = difference(sent, came), difference(came, sent)
        faults += [f"lost: {line[:200]}" for line in lost] + [f"too much: {line[:200]}" for line in more]
        if self.store.wrong:
            faults.append(f"requests that are none: {self.store.wrong[:3]}")

        unread = [document["unmatched_line"].encode() for document in documents if "unmatched_line" in document]
        if sorted(unread) != sorted(UNREAD):
            faults.append(f"unread lines: {unread}")
        refused = self.store.answers
        if len(refused) != len(REFUSED):
            faults.append(f"the store refused: {[reason for _, reason in refused.values()]}")
        tries = max(self.store.tries[name] for name in refused) if refused else 0
        if tries > 2:
            faults.append(f"a document that was refused came {tries} times")
        kept = (self.spool / "catchment-rejected.json").read_bytes().count(b'"document":') if refused else 0
        if kept != len(refused):
            faults.append(f"{kept} of {len(refused)} refused documents are kept")

        services = {document["service"] for document in documents}
        if services != {"api", "demo", "migrate", "syncer"} and services != {"api", "demo", "syncer"}:
            faults.append(f"services: {services}")
        for (kind, name), one in self.store.objects.items():
            if kind == "search":
                found = sum(kibana.find(kibana.parse(kibana.query_of(one)), document) for document in documents)
                say(f"{name}: {found} lines")
                if not found and not any(kibana.find(kibana.parse(kibana.query_of(one)), line) for line in unlucky(documents)):
                    faults.append(f"the search {name} finds nothing")
        if sum(document.get("request_id") == seen for document in documents) != 1:
            faults.append(f"the request {seen} is not found by its id")
        if faults:
            raise Wrong("\n".join(faults[:20]))
        say(f"{len(documents)} lines, none lost, none twice ({self.store.conflicts} came again), {len(refused)} refused and kept")

    def lines_with(self, message, service):
        return sum(f'"message":"{message}"'.encode() in line for file in self.logs.glob(f"catchment-{service}.*") for line in file.read_bytes().splitlines())

    def address(self, service):
        for file in self.logs.glob(f"catchment-{service}.*"):
            for line in file.read_text(encoding="utf-8").splitlines():
                fields = json.loads(line)
                if "address" in fields:
                    return fields["address"]
        return None

    def until(self, condition, story):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if value := condition():
                return value
            time.sleep(0.1)
        raise Wrong(f"not within {PATIENCE} s: {story() if callable(story) else story}")

    def tell(self):
        for name in ("rsyslog.err", "demo.err", "syncer.err", "api.err"):
            file = self.folder / name
            if file.exists():
                print(f"{name}: {file.read_text(errors='replace')[-1000:]}", file=sys.stderr)

    def clean_up(self):
        for process in [*self.services, self.client]:
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()


def unlucky(documents):
    """The requests as they would be told, had they gone wrong."""
    for document in documents:
        if document.get("message") == "request":
            yield document | {"duration_ms": 251.5}
            yield document | {"status": 503, "level": "warn"}


def told(file):
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        return {}


def get(url, headers=()):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=dict(headers)), timeout=PATIENCE) as answer:
            answer.read()
            return answer.status, answer.headers["x-request-id"]
    except urllib.error.HTTPError as error:
        return error.code, error.headers["x-request-id"]


def canonical(line):
    """What a line holds, however it is written."""
    try:
        fields = json.loads(line)
    except ValueError:
        fields = None
    return json.dumps(fields, sort_keys=True) if isinstance(fields, dict) and fields else json.dumps(line.decode())


def canonical_document(document):
    if "unmatched_line" in document:
        return json.dumps(document["unmatched_line"])
    return json.dumps({name: value for name, value in document.items() if name not in ("@timestamp", "service", "log_file")}, sort_keys=True)


def difference(ours, theirs):
    rest = list(theirs)
    gone = []
    for one in ours:
        if one in rest:
            rest.remove(one)
        else:
            gone.append(one)
    return gone


def say(what):
    print(f"{time.monotonic() - BEGAN:6.1f} s  {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
