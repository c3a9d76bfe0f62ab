"""What stands in for Elasticsearch and Kibana: takes what infra/ gives them, and documents in bulk, by the same rules.

A document is held to the index template more strictly than Elasticsearch would: a field that the template does not name is
an error, and so is a value that its type would not take. It fails when it is told to.
"""

import email
import http.server
import json
import re
import threading

DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
WHOLE = {"short": 15, "integer": 31, "long": 63}


class Store:
    def __init__(self):
        self.lock = threading.Lock()
        self.policies, self.templates, self.streams, self.objects = {}, {}, {}, {}
        self.mode = "well"
        self.answers, self.wrong, self.tries = {}, [], {}
        self.conflicts = 0

    def start(self, port=0):
        handler = type("Handler", (Handler,), {"store": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.port = self.server.server_port

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    # What is provisioned.

    def put_policy(self, name, body):
        phases = body["policy"]["phases"]
        if not phases or set(phases) - {"hot", "warm", "cold", "frozen", "delete"}:
            return 400, {"error": f"phases {list(phases)}"}
        self.policies[name] = body
        return 200, {"acknowledged": True}

    def put_template(self, name, body):
        policy = body["template"]["settings"]["index"].get("lifecycle", {}).get("name")
        if policy not in self.policies:
            return 400, {"error": f"there is no policy {policy}"}
        self.templates[name] = body
        return 200, {"acknowledged": True}

    def put_stream(self, name):
        template = self.template_of(name)
        if template is None or "data_stream" not in template:
            return 400, {"error": f"no matching index template found for data stream [{name}]"}
        if name in self.streams:
            return 400, {"error": {"type": "resource_already_exists_exception"}}
        self.streams[name] = {}
        return 200, {"acknowledged": True}

    def template_of(self, index):
        fitting = [one for one in self.templates.values() if any(fits(index, pattern) for pattern in one["index_patterns"])]
        return max(fitting, key=lambda one: one.get("priority", 0), default=None)

    def put_objects(self, text):
        for line in text.splitlines():
            one = json.loads(line)
            self.objects[one["type"], one["id"]] = one
        return 200, {"success": True, "successCount": len(text.splitlines())}

    # Documents.

    def bulk(self, body):
        if not body.endswith(b"\n"):
            return self.complain("the last line of a request has no end")
        lines = body.split(b"\n")[:-1]
        if len(lines) % 2:
            return self.complain("an action without a document")
        items = []
        for action, document in zip(lines[::2], lines[1::2], strict=True):
            try:
                ((kind, meta),) = json.loads(action).items()
            except ValueError:
                return self.complain(f"this is no action: {action[:200]!r}")
            items.append({kind: self.put(kind, meta, document)})
        return 200, {"took": 1, "errors": any(one["status"] >= 300 for item in items for one in item.values()), "items": items}

    def put(self, kind, meta, document):
        index, name = meta.get("_index"), meta.get("_id")
        told = {"_index": f".ds-{index}-000001", "_id": name}
        self.tries[name] = self.tries.get(name, 0) + 1
        if kind != "create" or index not in self.streams or "_type" in meta:
            return told | self.refuse(name, document, "illegal_argument_exception", f"only write ops with an op_type of create: {meta}")
        if self.mode == "busy" and self.tries[name] < 3:
            reason = {"type": "es_rejected_execution_exception", "reason": "no room"}
            return told | {"status": 429, "error": reason}
        if name in self.streams[index]:
            self.conflicts += 1
            return told | {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": "it is there"}}
        try:
            fields = json.loads(document)
        except ValueError as error:
            return told | self.refuse(name, document, "document_parsing_exception", str(error))
        faults = list(misfits(self.template_of(index)["template"]["mappings"]["properties"], fields))
        if faults:
            return told | self.refuse(name, document, "document_parsing_exception", "; ".join(faults))
        self.streams[index][name] = fields
        return told | {"status": 201, "result": "created"}

    def refuse(self, name, document, kind, reason):
        self.answers[name] = (document, reason)
        return {"status": 400, "error": {"type": kind, "reason": reason}}

    def complain(self, what):
        self.wrong.append(what)
        return 400, {"error": {"type": "illegal_argument_exception", "reason": what}, "status": 400}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # An answer in one piece: its second piece would wait for the client's word on the first.
    wbufsize = 65536
    store: Store

    def do_GET(self):
        if self.path.startswith("/_data_stream/"):
            name = self.path.removeprefix("/_data_stream/")
            return self.tell(*((200, {"data_streams": [name]}) if name in self.store.streams else (404, {"error": name})))
        version = {"number": "8.19.12", "build_flavor": "default"}
        return self.tell(200, {"name": "stand-in", "version": version, "tagline": "You Know, for Search"})

    do_HEAD = do_GET

    def do_PUT(self):
        body = self.body()
        if not self.json_is_said(body):
            return self.tell(406, {"error": "Content-Type header is not supported"})
        kind, _, name = self.path.lstrip("/").rpartition("/")
        with self.store.lock:
            if kind == "_ilm/policy":
                return self.tell(*self.store.put_policy(name, json.loads(body)))
            if kind == "_index_template":
                return self.tell(*self.store.put_template(name, json.loads(body)))
            if kind == "_data_stream":
                return self.tell(*self.store.put_stream(name))
        return self.tell(404, {"error": self.path})

    def do_POST(self):
        body, mode = self.body(), self.store.mode
        if self.path == "/api/saved_objects/_import?overwrite=true":
            return self.tell(*self.imported(body))
        if self.path.split("?")[0] not in ("/_bulk", "/catchment-logs/_bulk"):
            return self.tell(404, {"error": self.path})
        if not self.json_is_said(body):
            self.store.wrong.append(f"Content-Type {self.headers['Content-Type']}")
            return self.tell(406, {"error": "Content-Type header is not supported"})
        with self.store.lock:
            status, answer = self.store.bulk(body)
        if mode == "mute":
            # It is written down, and nobody is told so.
            self.close_connection = True
            return self.connection.close()
        return self.tell(status, answer)

    def imported(self, body):
        if "kbn-xsrf" not in self.headers:
            return 400, {"message": "Request must contain a kbn-xsrf header."}
        message = email.message_from_bytes(b"Content-Type: " + self.headers["Content-Type"].encode() + b"\r\n\r\n" + body)
        for part in message.walk():
            if part.get_param("name", header="Content-Disposition") == "file" and part.get_filename().endswith(".ndjson"):
                return self.store.put_objects(part.get_payload(decode=True).decode())
        return 400, {"message": "a file is wanted"}

    def json_is_said(self, body):
        kind = self.headers.get("Content-Type", "").split(";")[0]
        return not body or kind in ("application/json", "application/x-ndjson")

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def tell(self, status, answer):
        text = json.dumps(answer, separators=(",", ":")).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    def log_message(self, *_):
        pass


def fits(name, pattern):
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), name) is not None


def misfits(properties, document):
    """What is wrong with a document, strictly by the mapping."""
    if not isinstance(document, dict):
        yield "it is no object"
        return
    for name, value in document.items():
        if name not in properties:
            yield f"the template has no field `{name}`"
        elif value is not None and not takes(properties[name]["type"], value):
            yield f"`{name}` is {json.dumps(value)[:80]} and should be a {properties[name]['type']}"
    if "@timestamp" not in document:
        yield "a data stream wants `@timestamp`"


def takes(kind, value):
    if kind in ("keyword", "text"):
        # A number would be stored as its text; but then it is not what the template says.
        return isinstance(value, str)
    if kind in WHOLE:
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2 ** WHOLE[kind]
    if kind in ("double", "float"):
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == "date":
        return isinstance(value, str) and DATE.fullmatch(value) is not None
    if kind == "boolean":
        return isinstance(value, bool)
    raise ValueError(f"unknown type {kind}")
