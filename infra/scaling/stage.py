"""What infra/scaling/measure and infra/scaling/replica stand on: servers, services, counters, and how all of them end."""

import contextlib
import http.server
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
MYSQL = ROOT / "infra/test/mysql"
TICKS = os.sysconf("SC_CLK_TCK")
LANDS = ["Norway", "Sweden", "Denmark", "Finland", "Iceland"]


class Stage:
    """A folder, and the processes in it."""

    def __init__(self, program):
        self.program = str(pathlib.Path(program).resolve())
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="catchment-scaling-"))
        self.definitions = self.folder / "definitions"
        self.definitions.mkdir()
        self.processes = []
        self.servers = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.stop()
        for server in self.servers:
            subprocess.run([MYSQL, "wipe", str(server.port)], check=False, capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def mysql(self, *options, **environment):
        server = Server(options, environment)
        self.servers.append(server)
        return server

    def start(self, name, command, environment=()):
        process = Process(self.folder / f"{name}.log", command, dict(environment))
        self.processes.append(process)
        return process

    def stop(self, *processes):
        for process in processes:
            process.stop()
            self.processes.remove(process)

    def settings(self, url, **more):
        return {
            "CATCHMENT__DATABASE__URL": url,
            "CATCHMENT__SOURCES__DIR": str(self.definitions),
            "CATCHMENT__LOG__LEVEL": "warn",
            "CATCHMENT__API__CURSOR_SECRET": "the same for all",
            "MALLOC_ARENA_MAX": "1",
        } | more

    def catchment(self, url, *arguments, told=""):
        """Runs a command of Catchment to its end, with a line of standard input."""
        done = subprocess.run(
            [self.program, *arguments], env=os.environ | self.settings(url), cwd=self.folder, text=True,
            input=told, capture_output=True, timeout=300, check=False,
        )
        if done.returncode:
            raise SystemExit(f"catchment {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def api(self, url, **more):
        port = free_port()
        listen = {"CATCHMENT__API__LISTEN": f"127.0.0.1:{port}"}
        process = self.start(f"api-{port}", [self.program, "api", "--json"], self.settings(url, **listen, **more))
        process.url = f"http://127.0.0.1:{port}"
        until(lambda: get(f"{process.url}/readyz").status == 200, "an api is ready", process)
        return process

    def syncer(self, url, **more):
        port = free_port()
        listen = {"CATCHMENT__SYNCER__LISTEN": f"127.0.0.1:{port}"}
        process = self.start(f"syncer-{port}", [self.program, "syncer", "--json"], self.settings(url, **listen, **more))
        process.url = f"http://127.0.0.1:{port}"
        until(lambda: get(f"{process.url}/readyz").status == 200, "a syncer is ready", process)
        return process

    def nginx(self, *apis):
        """NGINX before these, each request to the next one. Without the limits of infra/gateway, which are for callers."""
        port = free_port()
        servers = "".join(f"server {api.url.removeprefix('http://')};" for api in apis)
        path = self.folder / f"nginx-{port}.conf"
        path.write_text(f"""
            daemon off; worker_processes 1; pid {path}.pid; error_log stderr; user root;
            events {{ worker_connections 2048; }}
            http {{
              access_log off; client_body_temp_path {path}.a; proxy_temp_path {path}.b; fastcgi_temp_path {path}.c;
              uwsgi_temp_path {path}.d; scgi_temp_path {path}.e;
              upstream apis {{ {servers} keepalive 128; keepalive_requests 1000000; }}
              server {{
                listen 127.0.0.1:{port}; keepalive_requests 1000000;
                proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;
                location / {{ proxy_pass http://apis; proxy_buffers 16 16k; }}
              }}
            }}""")
        nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin") or "nginx"
        process = self.start(f"nginx-{port}", [nginx, "-e", "stderr", "-c", str(path)])
        process.url = f"http://127.0.0.1:{port}"
        until(lambda: get(f"{process.url}/api/v1").status == 200, "NGINX answers", process)
        return process

    def towns(self, sources, rows, schedule, edition=1, resources=1):
        """Definitions of so many sources of a file each, of which each has so many resources; and the files."""
        names = [f"places{number}" for number in range(sources)]
        for name in names:
            source = f"""
                [source]
                name     = "{name}"
                base_url = "file:."
                schedule = "{schedule}"
                """
            each = [
                f"""
                [resource.towns{number or ""}]
                path   = "/{name}.csv"
                format = "csv"
                key    = "id"
                page   = {{ kind = "none" }}
                [resource.towns{number or ""}.fields]
                name    = "text"
                land    = "text"
                size    = "integer"
                edition = "integer"
                """
                for number in range(resources)
            ]
            (self.definitions / f"{name}.toml").write_text(source + "".join(each))
            self.rows(name, rows, edition)
        return names

    def upstream(self):
        upstream = Upstream()
        self.processes.append(upstream)
        return upstream

    def asked_of(self, upstream, sources, schedule):
        """Definitions of so many sources of that upstream, with one resource of one page."""
        for number in range(sources):
            (self.definitions / f"places{number}.toml").write_text(f"""
                [source]
                name     = "places{number}"
                base_url = "{upstream.url}/{number}"
                schedule = "{schedule}"
                [resource.towns]
                path = "/towns"
                key  = "id"
                page = {{ kind = "none" }}
                [resource.towns.fields]
                name = "text"
                """)

    def rows(self, name, rows, edition, size=900):
        text = "x" * max(0, size - 100)
        lines = (f"{row},town {row},{LANDS[row % 5]},{row * 7919 % 9999},{edition},{text}" for row in range(rows))
        new = self.definitions / f"{name}.new"
        new.write_text("id,name,land,size,edition,about\n" + "\n".join(lines) + "\n")
        new.replace(self.definitions / f"{name}.csv")


class Server:
    """A MySQL server of infra/test, which goes with this process."""

    def __init__(self, options, environment):
        # With its statements counted by kind; without the performance schema, as in the tests.
        environment = os.environ | {"CATCHMENT_TEST_OWNER": str(os.getpid())} | environment
        self.port = free_port()
        started = subprocess.run([MYSQL, "start", str(self.port), *options], env=environment, text=True, capture_output=True, check=False)
        if started.returncode:
            raise SystemExit(started.stderr)
        self.base = started.stdout.strip()
        cache = os.environ.get("CATCHMENT_TEST_DIR") or f"{os.environ.get('XDG_CACHE_HOME') or os.environ['HOME'] + '/.cache'}/catchment-test"
        self.pid = int(pathlib.Path(f"{cache}/mysql-{self.port}/pid").read_text())

    def url(self, database):
        return f"{self.base}{database}"

    def sql(self, text, database="mysql"):
        done = subprocess.run([MYSQL, "sql", str(self.port), "--batch", "--skip-column-names", database], input=text, text=True, capture_output=True, check=False)
        if done.returncode:
            raise SystemExit(f"{text}: {done.stderr}")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def fresh(self, database):
        self.sql(f"DROP DATABASE IF EXISTS {database}; CREATE DATABASE {database}")
        return self.url(database)

    def counters(self):
        """The server's own counts of statements, rows and bytes, and the processor time that it used."""
        names = "'Questions','Com_select','Com_insert','Com_update','Com_delete','Com_commit','Com_begin','Com_stmt_execute','Bytes_sent','Connections','Threads_connected','Innodb_rows_read'"
        rows = self.sql(f"SHOW GLOBAL STATUS WHERE Variable_name IN ({names})")
        return {name: int(value) for name, value in rows} | {"cpu": cpu(self.pid)}


class Process:
    """A service that was started, and how it ends."""

    url = ""

    def __init__(self, log, command, environment):
        self.log = log
        with open(log, "wb") as out:
            self.process = subprocess.Popen(command, env=os.environ | environment, cwd=log.parent, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @property
    def has_ended(self):
        return self.process.poll() is not None

    @property
    def cpu(self):
        """Seconds of the processor, of it and of what it started."""
        return cpu(self.process.pid) + sum(cpu(child) for child in children(self.process.pid))


class Upstream:
    """Answers the same 20 records again and again, after a while, and counts how often it is asked."""

    def __init__(self):
        self.delay, self.asked = 0, 0
        body = json.dumps([{"id": number, "name": f"town {number}"} for number in range(20)]).encode()
        upstream = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                upstream.asked += 1
                time.sleep(upstream.delay)
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Answer:
    """What an api said."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def version(self):
        return int(self.headers.get("catchment-version") or 0)


def get(url, method="GET", body=None, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    data = None if body is None else json.dumps(body).encode()
    if data is not None:
        headers["content-type"] = "application/json"
    request = urllib.request.Request(url, method=method, data=data, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read())
    except OSError:
        return Answer(0, {}, b"")


def until(is_so, what, process=None, patience=30):
    end = time.monotonic() + patience
    while not is_so():
        if time.monotonic() > end or (process and process.has_ended):
            log = process.log.read_text(errors="replace")[-2000:] if process else ""
            raise SystemExit(f"it did not come to that: {what}\n{log}")
        time.sleep(0.05)


def cpu(pid):
    with contextlib.suppress(OSError):
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS
    return 0


def children(pid):
    with contextlib.suppress(OSError):
        return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def free_port():
    """Below those that the kernel gives to clients, of which a load makes many."""
    for _ in range(100):
        port = random.randint(20_000, 29_999)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise SystemExit("no free port")
