"""The upstream of the drill: some items, their notes, and what goes wrong with them when it is told to."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

DEFINITION = """\
[source]
name     = "drill"
base_url = "{base_url}"
schedule = "every 2s"
retry    = {{ attempts = 1 }}

[resource.items]
description = "Each run changes one of them"
path    = "/items"
records = "body:/items"
key     = "id"
page    = {{ kind = "page", param = "page", start = 1, size_param = "size", size = 50, total = "body:/total" }}
[resource.items.fields]
name   = {{ type = "text", required = true, on_bad = "reject" }}
number = "integer"

[resource.shrunk]
description = "Of 100 only 10 come any more, where a run may delete 20 %"
path    = "/shrunk"
records = "body:/items"
key     = "id"
page    = {{ kind = "page", param = "page", start = 1, size_param = "size", size = 50, total = "body:/total" }}
deletes = {{ how = "soft", max = "20%" }}
[resource.shrunk.fields]
name = "text"

[resource.notes]
description = "Those of one item cannot be had"
path     = "/items/{{parent.id}}/notes"
for_each = {{ resource = "parents", copy = {{ item = "id" }} }}
key      = ["item", "id"]
page     = {{ kind = "none" }}
[resource.notes.fields]
name = "text"

[resource.parents]
path    = "/parents"
records = "body:/items"
key     = "id"
page    = {{ kind = "none" }}
[resource.parents.fields]
name = "text"
"""

# Its run of the start is the only one: the rows are as old as the drill. Prometheus needs a key to see it.
SELDOM = """\
[source]
name     = "seldom"
base_url = "{base_url}"
schedule = "every 24h"
read     = "authenticated"

[resource.things]
path    = "/parents"
records = "body:/items"
key     = "id"
page    = {{ kind = "none" }}
[resource.things.fields]
name = "text"
"""

# The second syncer does not have it.
LEFT = SELDOM.replace("seldom", "left").replace("every 24h", "every 2s").replace('read     = "authenticated"\n', "")


class Upstream:
    def __init__(self):
        self.is_sick = False
        self.asked = 0
        self.address = ("127.0.0.1", 0)
        self.up()

    def up(self):
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                url = urlsplit(self.path)
                query = {key: int(values[0]) for key, values in parse_qs(url.query).items()}
                status, answer = upstream.answer(url.path, query)
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = Server(self.address, Handler)
        self.address = self.server.server_address
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def down(self):
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.address[1]}"

    def answer(self, path, query):
        if path == "/items":
            return 200, page(self.items(query.get("page", 1)), query)
        if path == "/shrunk":
            return 200, page(things(10 if self.is_sick else 100), query)
        if path == "/parents":
            return 200, {"items": things(5)}
        if path.endswith("/notes"):
            if self.is_sick and path == "/items/3/notes":
                return 500, {"error": "this item's notes are lost"}
            return 200, things(3)
        return 404, {}

    def items(self, number):
        items = things(120)
        if number == 1:
            self.asked += 1
        items[self.asked % 50]["number"] = self.asked
        if self.is_sick:
            for item in items[::10]:
                del item["name"]
        return items


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    # Whoever keeps a connection open must see the outage, too.
    open = ()

    def process_request(self, request, client_address):
        self.open = (*self.open[-50:], request)
        super().process_request(request, client_address)

    def server_close(self):
        super().server_close()
        for request in self.open:
            try:
                request.shutdown(2)
            except OSError:
                pass

    def handle_error(self, *_):
        pass


def things(count):
    return [{"id": number, "name": f"thing {number}", "number": number} for number in range(1, count + 1)]


def page(items, query):
    size = query.get("size", 50)
    start = (query.get("page", 1) - 1) * size
    return {"total": len(items), "items": items[start : start + size]}
