"""The configuration of Prometheus and Alertmanager as it is, with a second for each of its minutes."""

import re
from pathlib import Path

import yaml

SHORTER = 60
UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
DURATION = re.compile(r"^(\d+)(ms|s|m|h|d)$")
# In an expression only a range or an offset is a duration.
RANGE = re.compile(r"(\[|\boffset )(\d+)(ms|s|m|h|d)\b")
TIMES = ("for", "interval", "group_wait", "group_interval", "repeat_interval")


def shortened(value):
    """$value: a duration."""
    number, unit = DURATION.match(value).groups()
    return f"{max(1, int(number) * UNITS[unit] // SHORTER)}ms"


def walk(node):
    if isinstance(node, list):
        return [walk(one) for one in node]
    if not isinstance(node, dict):
        return node
    made = {key: walk(value) for key, value in node.items()}
    for key in TIMES:
        if key in made:
            made[key] = shortened(made[key])
    if "expr" in made:
        made["expr"] = RANGE.sub(lambda found: found[1] + shortened(found[2] + found[3]), made["expr"])
    return made


def rules(folder, into, schedules):
    """$schedules: seconds between the runs of the drill's sources."""
    into.mkdir()
    for path in sorted(Path(folder).glob("*.yml")):
        (into / path.name).write_text(yaml.safe_dump(walk(yaml.safe_load(path.read_text()))))
    own = [
        {"record": "catchment:schedule_interval_seconds", "expr": f"vector({seconds})", "labels": {"source": source}}
        for source, seconds in schedules.items()
    ]
    (into / "drill.yml").write_text(yaml.safe_dump({"groups": [{"name": "drill", "rules": own}]}))


def prometheus(path, into, places):
    """$places: where each job is found, instead of by the names of containers."""
    config = yaml.safe_load(Path(path).read_text())
    config["global"] |= {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    for job in config["scrape_configs"]:
        job.pop("dns_sd_configs", None)
        job["static_configs"] = [{"targets": [places[job["job_name"]]]}]
    config["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": [places["alertmanager"]]}]}]
    into.write_text(yaml.safe_dump(config))


def alertmanager(text, into):
    into.write_text(yaml.safe_dump(walk(yaml.safe_load(text))))
