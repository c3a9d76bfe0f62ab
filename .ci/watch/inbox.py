"""Takes what Alertmanager delivers: a webhook, a mail server, and what stands in for Slack's and Telegram's.

They remember the words only: which alert is firing or over is told by the webhook.
"""

import base64
import json
import socketserver
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TELEGRAM_TOKEN = "1234:a-bot-of-the-drill"
SMTP_PASSWORD = "mail-password-of-the-drill"


class Inbox:
    def __init__(self):
        self.changed = threading.Condition()
        # (alert, source, resource) of what is firing, and of all that ever was or was over.
        self.firing, self.fired, self.over = set(), set(), set()
        self.messages = {"slack": [], "telegram": [], "mail": []}
        self.faults = []
        self.http = serve(ThreadingHTTPServer, http_handler(self))
        self.smtp = serve(socketserver.ThreadingTCPServer, smtp_handler(self))

    def told(self, alerts):
        with self.changed:
            for alert in alerts:
                labels = alert["labels"]
                name = (labels["alertname"], labels.get("source"), labels.get("resource"))
                if alert["status"] == "firing":
                    self.firing.add(name)
                    self.fired.add(name)
                else:
                    self.firing.discard(name)
                    self.over.add(name)
            self.changed.notify_all()

    def message(self, way, text):
        with self.changed:
            self.messages[way].append(text)
            self.changed.notify_all()

    def fault(self, text):
        with self.changed:
            self.faults.append(text)

    def wait(self, holds, patience):
        with self.changed:
            return self.changed.wait_for(holds, patience)


def serve(kind, handler):
    server = kind(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def http_handler(inbox):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = "ok"
            if self.path == "/webhook":
                inbox.told(body["alerts"])
            elif self.path == "/slack/secret-of-the-drill":
                inbox.message("slack", " ".join(f"{one['title']} {one['text']}" for one in body["attachments"]))
            elif self.path == f"/bot{TELEGRAM_TOKEN}/sendMessage":
                inbox.message("telegram", body["text"])
                chat = {"id": int(body["chat_id"]), "type": "group"}
                answer = json.dumps({"ok": True, "result": {"message_id": 1, "date": 1, "chat": chat}})
            elif not self.path.startswith("/bot"):
                inbox.fault(f"{self.path} was asked for")
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *_):
            pass

    return Handler


def smtp_handler(inbox):
    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            self.say("220 drill")
            is_known = False
            while line := self.rfile.readline().decode().strip():
                word = line.split()[0].upper()
                if word == "EHLO":
                    self.say("250-drill\r\n250 AUTH PLAIN")
                elif word == "AUTH":
                    told = base64.b64decode(line.split()[2]).decode().split("\0")
                    is_known = told[1:] == ["drill", SMTP_PASSWORD]
                    self.say("235 hello" if is_known else "535 no")
                elif word == "DATA" and is_known:
                    self.say("354 go on")
                    inbox.message("mail", self.mail())
                    self.say("250 taken")
                elif word == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 ok" if is_known or word != "MAIL" else "530 who are you")

        def mail(self):
            lines = []
            while (line := self.rfile.readline().decode().rstrip("\r\n")) != ".":
                lines.append(line)
            return "\n".join(lines)

        def say(self, text):
            self.wfile.write(f"{text}\r\n".encode())

    return Handler
