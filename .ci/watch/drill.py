"""Prometheus and Alertmanager watch real services under load, with a second for each minute: CATCHMENT PROGRAMS WORK

PROGRAMS is the folder of prometheus, prometheus-alertmanager and the exporters, WORK an empty one. Wants each query of
the dashboards to have an answer, and each outage to raise its alerts, to be told of them by webhook, mail, Slack and
Telegram, and to be told when it is over.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import inbox as inboxes
import panels
import shorten
import upstream as upstreams

ROOT = Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"
PATIENCE = 150
# Each is said to be about a source and resource, or about neither.
SICK = {
    ("CatchmentDeletesBlocked", "drill", "shrunk"),
    ("CatchmentRunPartial", "drill", "notes"),
    ("CatchmentRejectsRising", "drill", "items"),
    ("CatchmentApiErrorsFast", None, None),
}
NO_UPSTREAM = {
    ("CatchmentRunFailing", "drill", "items"),
    ("CatchmentResourceLate", "drill", "items"),
    ("CatchmentUpstreamErrors", "drill", None),
}
NO_SERVICE = {("CatchmentApiDown", None, None), ("CatchmentSyncerDown", None, None)}
# Later than whatever would be raised at a start.
HIDDEN = {("CatchmentResourceHidden", "seldom", None)}
LEFT = {("CatchmentSourceUnattended", "left", None)}
NO_DATABASE = {("MysqlDown", None, None)}
# The disk of the machine where this runs is its own business, and so is how fast it is; and the budget of a month that
# was used up stays so for longer than anybody waits here.
NOT_OURS = ("DiskAlmostFull", "DiskFillsUp", "CatchmentApiSlowFast", "CatchmentApiSlowSlow", "CatchmentApiErrorsSlow")


class Drill:
    def __init__(self, catchment, programs, work):
        self.catchment, self.programs, self.work = (Path(one).resolve() for one in (catchment, programs, work))
        self.running = {}
        self.began = time.monotonic()
        self.load = None
        self.ports = {name: free_port() for name in ("api", "syncer", "prometheus", "alertmanager", "mysql", "node")}

    def run(self):
        self.upstream = upstreams.Upstream()
        self.inbox = inboxes.Inbox()
        self.start_services()
        self.start_watchers()
        self.load = Load(f"http://127.0.0.1:{self.ports['api']}/api/v1", self.key)
        self.quiet()
        self.sick()
        self.no_upstream()
        self.no_service()
        self.left_alone()
        self.no_database()
        self.messages()
        self.say("done")

    def say(self, text):
        print(f"{time.monotonic() - self.began:6.1f} s  {text}", flush=True)

    # -- what is started

    def start_services(self):
        self.mysql = run(INFRA / "test/mysql", "start", "0", env={"CATCHMENT_TEST_OWNER": str(os.getpid())}).strip()
        self.mysql_port = self.mysql.rstrip("/").rsplit(":", 1)[1]
        run(INFRA / "test/mysql", "sql", self.mysql_port, "-e", "CREATE DATABASE catchment_drill")
        sources = self.work / "sources"
        sources.mkdir()
        (sources / "drill.toml").write_text(upstreams.DEFINITION.format(base_url=self.upstream.url))
        (sources / "seldom.toml").write_text(upstreams.SELDOM.format(base_url=self.upstream.url))
        self.left = sources / "left.toml"
        self.left.write_text(upstreams.LEFT.format(base_url=self.upstream.url))
        self.settings = {
            "CATCHMENT__DATABASE__URL": f"{self.mysql}catchment_drill",
            "CATCHMENT__API__LISTEN": f"127.0.0.1:{self.ports['api']}",
            "CATCHMENT__SYNCER__LISTEN": f"127.0.0.1:{self.ports['syncer']}",
            "CATCHMENT__SYNCER__LEASE": "3s",
            # As many as there are callers: one more would be refused with 503.
            "CATCHMENT__API__EXPORTS": "4",
            "CATCHMENT__SOURCES__DIR": str(sources),
        }
        self.catchment_run("migrate", "up")
        self.service("api")
        self.service("syncer")
        self.catchment_run("user", "add", "prometheus", told="password-of-the-drill\n")
        self.key = self.made_key("read")
        self.say(f"api, syncer and MySQL ({self.mysql_port}) are started")

    def catchment_run(self, *arguments, told=""):
        return run(self.catchment, *arguments, env=self.settings, cwd=self.work, told=told)

    def made_key(self, scope):
        made = self.catchment_run("key", "create", scope, "--user", "prometheus", "--scope", scope, "--json")
        return json.loads(made)["key"]

    def scrape_with(self, key, name):
        """Puts it into a file of that name: newer versions of Prometheus do not look again at the one that they know."""
        (self.work / name).write_text(f"{key}\n")
        shorten.prometheus(INFRA / "prometheus/prometheus.yml", self.work / "prometheus.yml", self.jobs, name)

    def service(self, role):
        self.start(role, [self.catchment, role], self.settings)

    def start_watchers(self):
        ports, work, programs = self.ports, self.work, self.programs
        place = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
        self.jobs = place | {"catchment-api": place["api"], "catchment-syncer": place["syncer"]}
        shorten.rules(INFRA / "prometheus/rules", work / "rules")
        self.scrape_with(self.made_key("read:drill"), "catchment-key")
        shorten.alertmanager(self.receivers(), work / "alertmanager.yml")
        listen = "--web.listen-address"
        account = f"[client]\nuser = root\npassword = secret\nhost = 127.0.0.1\nport = {self.mysql_port}\n"
        (work / "my.cnf").write_text(account)
        mysqld_exporter = [programs / "prometheus-mysqld-exporter", f"--config.my-cnf={work}/my.cnf"]
        self.start("mysqld-exporter", [*mysqld_exporter, f"{listen}={place['mysql']}"])
        self.start("node-exporter", [programs / "prometheus-node-exporter", f"{listen}={place['node']}"])
        self.start(
            "alertmanager",
            [
                programs / "prometheus-alertmanager",
                f"--config.file={work}/alertmanager.yml",
                f"--storage.path={work}/alertmanager",
                f"{listen}={place['alertmanager']}",
                "--cluster.listen-address=",
            ],
        )
        self.start(
            "prometheus",
            [
                programs / "prometheus",
                f"--config.file={work}/prometheus.yml",
                f"--storage.tsdb.path={work}/prometheus",
                f"{listen}={place['prometheus']}",
            ],
        )
        self.prometheus = f"http://{place['prometheus']}"
        self.until("all targets are up", lambda: self.value("sum(up)") == "6" and self.value("count(up)") == "6")

    def receivers(self):
        secrets = {
            "smtp": inboxes.SMTP_PASSWORD,
            "telegram": inboxes.TELEGRAM_TOKEN,
            "slack": f"http://127.0.0.1:{self.inbox.http}/slack/secret-of-the-drill",
        }
        for name, secret in secrets.items():
            (self.work / name).write_text(secret)
        return run(
            INFRA / "alertmanager/configure",
            env={
                "ALERT_MAIL_TO": "people@example.org",
                "ALERT_MAIL_FROM": "catchment@example.org",
                "ALERT_SMTP_HOST": f"127.0.0.1:{self.inbox.smtp}",
                "ALERT_SMTP_TLS": "false",
                "ALERT_SMTP_USER": "drill",
                "ALERT_SMTP_PASSWORD_FILE": f"{self.work}/smtp",
                "ALERT_SLACK_CHANNEL": "#drill",
                "ALERT_SLACK_URL_FILE": f"{self.work}/slack",
                "ALERT_TELEGRAM_CHAT": "-100200300",
                "ALERT_TELEGRAM_TOKEN_FILE": f"{self.work}/telegram",
                "ALERT_TELEGRAM_API": f"http://127.0.0.1:{self.inbox.http}",
                "ALERT_WEBHOOK_URL": f"http://127.0.0.1:{self.inbox.http}/webhook",
                "ALERT_TEMPLATES": str(INFRA / "alertmanager/templates"),
            },
        )

    def start(self, name, command, env=None):
        log = open(self.work / f"{name}.log", "ab")
        everything = os.environ | (env or {})
        self.running[name] = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=everything,
            cwd=self.work,
        )

    def kill(self, name):
        self.running[name].kill()
        self.running.pop(name).wait()

    # -- what happens

    def quiet(self):
        """All is well, but for `seldom`, which the first key does not let Prometheus see."""
        self.complete(5)
        self.raised(HIDDEN)
        self.fires_only(HIDDEN)
        self.scrape_with(self.key, "another-key")
        self.running["prometheus"].send_signal(signal.SIGHUP)
        self.complete(6)
        self.cleared(HIDDEN)
        self.fires_only(set())

    def complete(self, count):
        ages = "count(catchment:resource:age_seconds)"
        self.until(f"{count} resources are complete", lambda: self.value(ages) == str(count), lambda: self.value(ages))

    def sick(self):
        """The upstream leaves things out, the callers ask for more than there is: alerts and panels."""
        self.upstream.is_sick = self.load.wants_failures = True
        faults, count = [], 0

        def answered():
            nonlocal faults, count
            faults, count = panels.faults(INFRA / "grafana/dashboards", self.prometheus)
            return not faults

        self.until("every query of the dashboards has an answer", answered, lambda: "\n".join(faults))
        self.say(f"{count} queries")
        self.raised(SICK)
        if ("CatchmentRunSuspect", "drill", "shrunk") not in self.firing():
            raise Failed("CatchmentRunSuspect does not fire")
        self.upstream.is_sick = self.load.wants_failures = False

    def no_upstream(self):
        self.upstream.down()
        self.raised(NO_UPSTREAM)
        self.upstream.up()

    def no_service(self):
        self.kill("api")
        self.kill("syncer")
        self.raised(NO_SERVICE)
        self.left.unlink()
        self.service("api")
        self.service("syncer")
        self.cleared(NO_SERVICE)

    def left_alone(self):
        """Of one source all runs are due and no syncer has it, until somebody says that they are not wanted."""
        self.raised(LEFT)
        self.catchment_run("stop", "left")
        # The upstream has been well for a while; what looks at the last hour takes that long to see it.
        self.cleared(LEFT | SICK | NO_UPSTREAM)

    def no_database(self):
        run(INFRA / "test/mysql", "kill9", self.mysql_port)
        self.raised(NO_DATABASE)
        run(INFRA / "test/mysql", "start", self.mysql_port, env={"CATCHMENT_TEST_OWNER": str(os.getpid())})
        self.cleared(NO_DATABASE)
        oldest = "max(catchment:resource:age_seconds{source='drill'})"
        self.until("runs are complete again", lambda: float(self.value(oldest) or "inf") < 6, lambda: self.value(oldest))
        self.until("nothing fires any more", lambda: not self.firing(), lambda: str(self.firing()))

    def messages(self):
        """Each way of delivery told of an alert that is firing and of one that is over, in our words."""
        for way, texts in self.inbox.messages.items():
            text = "\n".join(texts)
            for wanted in ("no api answers", "What to do: doc/monitoring.md#catchmentapidown", "[page]", "[over]"):
                if wanted not in text:
                    raise Failed(f"{way}: no `{wanted}` in {len(texts)} messages: {texts[:2]}")
            self.say(f"{way}: {len(texts)} messages")
        if self.inbox.faults:
            raise Failed(str(self.inbox.faults))

    # -- what is seen

    def raised(self, wanted):
        missing = lambda: wanted - self.inbox.fired
        if not self.inbox.wait(lambda: not missing(), PATIENCE):
            raise Failed(f"not delivered: {sorted(map(str, missing()))}; firing: {self.firing()}")
        self.say("raised: " + ", ".join(sorted(name for name, _, _ in wanted)))

    def cleared(self, wanted):
        missing = lambda: (wanted - self.inbox.over) | (wanted & self.inbox.firing)
        if not self.inbox.wait(lambda: not missing(), PATIENCE):
            raise Failed(f"not cleared: {sorted(map(str, missing()))}; firing: {self.firing()}")
        self.say("cleared: " + ", ".join(sorted(name for name, _, _ in wanted)))

    def fires_only(self, wanted):
        if (firing := self.firing()) != wanted:
            raise Failed(f"{wanted or 'nothing'} is to fire, and there fires {firing}")
        self.say("nothing else fires" if wanted else "nothing fires")

    def firing(self):
        answer = panels.ask(f"{self.prometheus}/api/v1/alerts", {})["alerts"]
        return {
            (alert["labels"]["alertname"], alert["labels"].get("source"), alert["labels"].get("resource"))
            for alert in answer
            if alert["state"] == "firing" and alert["labels"]["alertname"] not in NOT_OURS
        }

    def value(self, expr):
        answer = panels.ask(f"{self.prometheus}/api/v1/query", {"query": expr})["result"]
        return answer[0]["value"][1] if answer else None

    def until(self, text, holds, why=lambda: ""):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for name, process in self.running.items():
                if process.poll() is not None:
                    raise Failed(f"{name} ended: {(self.work / f'{name}.log').read_text()[-2000:]}")
            try:
                if holds():
                    self.say(text)
                    return
            except OSError:
                pass
            time.sleep(0.5)
        raise Failed(f"not within {PATIENCE} s: {text}: {why()}")

    def stop(self):
        if self.load:
            self.load.stops = True
        for process in self.running.values():
            process.send_signal(signal.SIGTERM)
        for process in self.running.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
        run(INFRA / "test/mysql", "wipe", self.mysql_port)


class Load:
    """Callers of the api: of all its routes, some wrong, and if it is wanted some that it must fail."""

    CALLS = (
        "/catalog",
        "/drill/items?limit=20",
        "/drill/items?number__gte=3&sort=-name",
        "/drill/items?sort=name&count=exact&limit={n}",
        "/drill/items/{n}",
        "/drill/parents/2/notes",
        "/drill/items/-/facets?facet=name",
        "/drill/items/-/random",
        "/drill/items/-/changes?since=0&limit=10",
        "/drill/items/-/export?format=ndjson",
        "/drill/items/-/schema",
        "/drill/items?nothing=of_the_kind",
        "/drill/nowhere",
    )
    # Older rows than these callers take.
    FAILING = ("/seldom/things?max_staleness=1s",)

    def __init__(self, api, key):
        self.api, self.headers = api, {"Authorization": f"Bearer {key}"}
        self.stops = self.wants_failures = False
        for number in range(4):
            threading.Thread(target=self.call, args=(number,), daemon=True).start()

    def call(self, number):
        while not self.stops:
            for path in self.CALLS + (self.FAILING if self.wants_failures else ()):
                number = number % 100 + 1
                try:
                    request = urllib.request.Request(self.api + path.format(n=number), headers=self.headers)
                    urllib.request.urlopen(request, timeout=10).read()
                except urllib.error.HTTPError as error:
                    error.close()
                except (OSError, http.client.HTTPException):
                    time.sleep(0.2)
                time.sleep(0.02)


class Failed(Exception):
    pass


def run(*command, env=None, cwd=None, told=""):
    command = [str(part) for part in command]
    done = subprocess.run(
        command,
        env=os.environ | (env or {}),
        cwd=cwd,
        text=True,
        input=told,
        capture_output=True,
        timeout=300,
        check=False,
    )
    if done.returncode:
        raise Failed(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return done.stdout


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def main(catchment, programs, work):
    drill = Drill(catchment, programs, work)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    try:
        drill.run()
    except Failed as failed:
        print(f"FAILED: {failed}", file=sys.stderr)
        return 1
    finally:
        drill.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
