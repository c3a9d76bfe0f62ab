"""The configuration of Prometheus and Alertmanager as it is, with a second for each of its minutes.

What takes half an hour or longer takes a third of that: nobody waits for it.
"""

import re
from pathlib import Path

import yaml

SHORTER, LONG, SHORTER_IF_LONG = 60, 30 * 60_000, 180
UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
DURATION = re.compile(r"^(\d+)(ms|s|m|h|d)$")
# In an expression a duration is a range, an offset, or a product of minutes.
RANGE = re.compile(r"(\[|\boffset )(\d+)(ms|s|m|h|d)\b")
MINUTES = re.compile(r"\b(\d+) \* 60\b")
TIMES = ("for", "interval", "group_wait", "group_interval", "repeat_interval")
KEY = "    # authorization:\n    #   credentials_file: catchment-key\n"


def shortened(value):
    """$value: a duration."""
    number, unit = DURATION.match(value).groups()
    milliseconds = int(number) * UNITS[unit]
    return f"{max(1, milliseconds // (SHORTER if milliseconds < LONG else SHORTER_IF_LONG))}ms"


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
        made["expr"] = MINUTES.sub(r"\1", made["expr"])
    return made


def rules(folder, into):
    into.mkdir()
    for path in sorted(Path(folder).glob("*.yml")):
        (into / path.name).write_text(yaml.safe_dump(walk(yaml.safe_load(path.read_text()))))


def prometheus(path, into, places, key):
    """$places: where each job is found, instead of by the names of containers. $key: the name of its file."""
    text = Path(path).read_text()
    if KEY not in text:
        raise ValueError(f"{path} does not say where a key goes")
    config = yaml.safe_load(text.replace(KEY, KEY.replace("# ", "").replace("catchment-key", key)))
    config["global"] |= {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    for job in config["scrape_configs"]:
        job.pop("dns_sd_configs", None)
        job["static_configs"] = [{"targets": [places[job["job_name"]]]}]
    config["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": [places["alertmanager"]]}]}]
    into.write_text(yaml.safe_dump(config))


def alertmanager(text, into):
    into.write_text(yaml.safe_dump(walk(yaml.safe_load(text))))
