"""Tries NGINX's configuration for real: TEMPLATE NGINX CATCHMENT

NGINX as the template says, before an api with what the demo mirrors.
"""

import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

PATIENCE = 60
LIST = "/api/v1/thecatapi/categories"
# One caller's units a minute; an answer that is kept costs one.
UNITS = 600

AROUND = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  include {folder}/catchment.conf;
}}
"""


class Wrong(Exception):
    pass


class Place:
    """A server of this machine, as one caller sees it."""

    def __init__(self, port, caller="127.0.0.1"):
        self.port, self.caller = port, caller

    def open(self, method, path, headers=None, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20, source_address=(self.caller, 0))
        connection.request(method, path, body=body, headers=headers or {})
        return connection, connection.getresponse()

    def ask(self, path, headers=None, method="GET", body=None):
        connection, answer = self.open(method, path, headers, body)
        try:
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()


def story(api, nginx):
    for check in (as_it_is, inside, at_once, export, large, callers, crowd):
        check(api, nginx)
        print(f"nginx: {check.__doc__}")


def as_it_is(api, nginx):
    """answers pass as they are: bytes, compression, ETag and 304, problems, Swagger UI"""
    for path in (LIST, "/api/v1/catalog", "/api/openapi.json", "/api/swagger", "/mirror/thecatapi/breeds?limit=2", "/problems/not-found", LIST + "?nix=1"):
        straight, through = api.ask(path, {"Accept-Encoding": "gzip"}), nginx.ask(path, {"Accept-Encoding": "gzip"})
        for name in ("x-request-id", "date", "server", "connection", "ratelimit", "transfer-encoding", "content-length"):
            straight[1].pop(name, None), through[1].pop(name, None)
        # A problem names its request, and the catalogue its age.
        same = slice(2) if b"request_id" in straight[2] or path.endswith("catalog") else slice(3)
        expect(straight[same] == through[same], f"{path}: {straight[:2]} is not {through[:2]}")
    etag = nginx.ask(LIST)[1]["etag"]
    expect(nginx.ask(LIST, {"If-None-Match": etag})[0] == 304, "no 304")
    expect(nginx.ask("/")[0] == 307, "the first page does not lead on")


def inside(api, nginx):
    """metrics and health checks are not shown"""
    for path in ("/metrics", "/livez", "/readyz", "/healthz", "/nothing", "//metrics", "/api/../metrics"):
        status, headers, body = nginx.ask(path)
        expect(status == 404 and headers["content-type"] == "application/problem+json" and json.loads(body)["status"] == 404, f"{path}: {status}")
    expect(api.ask("/metrics")[0] == 200, "there are no metrics to hide")


def at_once(api, nginx):
    """events of a stream and its heartbeats come one by one, when they are sent"""
    began = time.monotonic()
    connection, answer = nginx.open("GET", f"{LIST}/-/changes?since=0", {"Accept": "text/event-stream", "Accept-Encoding": "gzip"})
    expect(answer.status == 200 and answer.getheader("Content-Type") == "text/event-stream", f"no stream: {answer.status}")
    came, beats = [], []
    while len(beats) < 3:
        line = answer.readline()
        expect(line, "the stream ended")
        if line.startswith(b"id:"):
            came.append(time.monotonic() - began)
        if line.startswith(b":"):
            beats.append(time.monotonic() - began)
    connection.close()
    expect(len(came) >= 7 and came[-1] < 0.9, f"events came after {came}")
    expect(all(0.5 < later - sooner < 1.9 for sooner, later in zip(beats, beats[1:])), f"heartbeats of a second came after {beats}")


def export(api, nginx):
    """an export comes whole"""
    status, headers, body = nginx.ask("/api/v1/thecatapi/breed_images/-/export?format=ndjson")
    straight = api.ask("/api/v1/thecatapi/breed_images/-/export?format=ndjson")[2]
    expect(status == 200 and body == straight and body.count(b"\n") > 100, f"{status}, {len(body)} bytes of {len(straight)}")


def large(api, nginx):
    """what is too large is told by the api, in its words"""
    for path, headers, body, code in (
        (f"{LIST}?name={'a' * 9000}", {}, None, 414),
        (LIST, {"X-Much": "a" * 12000, "X-More": "a" * 12000, "X-Most": "a" * 12000}, None, 431),
        (LIST, {}, b"a" * 70000, 413),
    ):
        status, found, said = nginx.ask(path, headers, body=body)
        expect(status == code and "request_id" in json.loads(said), f"{path[:40]}: {status} {said[:200]}")


def callers(api, nginx):
    """each caller has units of its own, whatever it says of itself, and what it says is not believed"""
    one, other = Place(nginx.port, "127.0.0.3"), Place(nginx.port, "127.0.0.4")

    def left(place, headers=None):
        return int(place.ask(LIST, headers)[1]["ratelimit"].split("r=")[1].split(";")[0])

    for _ in range(20):
        one.ask(f"{LIST}?name__contains=a&count=exact&timeout_ms=4000")
    less = left(one)
    expect(less < UNITS - 15, f"20 requests left {less} of {UNITS}")
    expect(left(other) > less + 5, "another caller pays for it")
    expect(left(one, {"X-Forwarded-For": "203.0.113.9"}) < less + 10, "a caller is another one because it says so")


def crowd(api, nginx):
    """more than 100 connections of one address, or a flood of requests, are refused with a problem"""
    many, streams = Place(nginx.port, "127.0.0.5"), []
    for _ in range(101):
        streams.append(many.open("GET", f"{LIST}/-/changes", {"Accept": "text/event-stream"}))
    statuses = [answer.status for _, answer in streams]
    expect(statuses[:100] == [200] * 100 and statuses[100] == 429, f"of 101 streams: {statuses[98:]}")
    for connection, answer in streams:
        answer.close()
        connection.close()
    with ThreadPoolExecutor(16) as threads:
        seen = [told for each in threads.map(lambda _: flood(Place(nginx.port, "127.0.0.6")), range(16)) for told in each]
    # The api refuses as well, by its own count, and names the request.
    refused = [(headers["Retry-After"], body["status"]) for status, headers, body in seen if status == 429 and "request_id" not in body]
    expect(refused and set(refused) == {("1", 429)}, f"of {len(seen)} requests at once: {refused[:3]}")
    expect(Place(nginx.port, "127.0.0.7").ask(LIST)[0] == 200, "others are refused, too")


def flood(place):
    connection, seen = http.client.HTTPConnection("127.0.0.1", place.port, timeout=20, source_address=(place.caller, 0)), []
    for _ in range(60):
        connection.request("GET", "/problems/flood")
        answer = connection.getresponse()
        seen.append((answer.status, answer.headers, json.loads(answer.read())))
    connection.close()
    return seen


def without_api(nginx):
    """without an api the answer is a problem that asks to come again"""
    status, headers, body = nginx.ask(LIST)
    expect((status, headers["retry-after"], json.loads(body)["code"]) == (503, "5", "NO_API"), f"{status} {body}")


def expect(holds, otherwise):
    if not holds:
        raise Wrong(otherwise)


def start_api(catchment, folder):
    environment = os.environ | {
        "CATCHMENT__API__LISTEN": "127.0.0.1:0",
        "CATCHMENT__SYNCER__LISTEN": "127.0.0.1:0",
        "CATCHMENT__API__CLIENT_HEADER": "x-forwarded-for",
        "CATCHMENT__API__RATE_LIMIT": f"{UNITS}/min",
        "CATCHMENT__API__HEARTBEAT": "1s",
    }
    out = folder / "demo.out"
    with open(out, "wb") as file, open(folder / "demo.err", "wb") as errors:
        process = subprocess.Popen([catchment, "demo", "--json"], stdout=file, stderr=errors, env=environment)
    place = subprocess.run([sys.executable, pathlib.Path(__file__).with_name("place.py"), str(out), "api"], capture_output=True, text=True, check=False)
    if place.returncode:
        process.kill()
        raise Wrong((folder / "demo.err").read_text(encoding="utf-8"))
    return process, urlsplit(place.stdout.strip()).port


def start_nginx(template, nginx, folder, api_port):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    text = pathlib.Path(template).read_text(encoding="utf-8")
    filled = text.replace("${CATCHMENT_API}", f"127.0.0.1:{api_port}").replace("${CATCHMENT_LISTEN}", f"127.0.0.1:{port}")
    (folder / "catchment.conf").write_text(filled, encoding="utf-8")
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder), encoding="utf-8")
    folder.chmod(0o755)
    subprocess.run([nginx, "-t", "-q", "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"], check=True)
    process = subprocess.Popen([nginx, "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"])
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return process, port
        except OSError:
            time.sleep(0.05)
    raise Wrong("NGINX does not listen")


def main(template, nginx, catchment):
    started = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        try:
            demo, api_port = start_api(catchment, folder)
            started.append(demo)
            proxy, port = start_nginx(template, nginx, folder, api_port)
            started.append(proxy)
            story(Place(api_port), Place(port))
            demo.send_signal(signal.SIGTERM)
            demo.wait(PATIENCE)
            without_api(Place(port, "127.0.0.8"))
            print(f"nginx: {without_api.__doc__}")
            return 0
        except (Wrong, OSError, ValueError, KeyError, subprocess.CalledProcessError) as wrong:
            print(f"{template}: {wrong!r}", file=sys.stderr)
            return 1
        finally:
            for process in reversed(started):
                process.send_signal(signal.SIGTERM)
                process.wait(PATIENCE)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
