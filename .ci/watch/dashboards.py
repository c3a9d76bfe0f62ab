"""Holds the dashboards to Grafana's schema, as its SDK knows it, and to what ties them together: FILE…

What the SDK does not know it leaves out: a dashboard that is read and written again must be what it was.
"""

import json
import sys

from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard


def main(paths):
    # Without them whatever stands in a panel or a query is taken as it is.
    plugins.register_default_plugins()
    faults, uids = [], {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            written = json.load(file)
        faults += [f"{path}: {fault}" for fault in look_at(written)]
        other = uids.setdefault(written["uid"], path)
        if other != path:
            faults.append(f"{path}: its uid is that of {other}")
    print("\n".join(faults) or f"{len(paths)} dashboards")
    return 1 if faults else 0


def look_at(written):
    known = json.loads(JSONEncoder().encode(Dashboard.from_json(written)))
    yield from lost(written, known, "")
    ids = set()
    boxes = []
    for panel in written["panels"]:
        if panel["id"] in ids:
            yield f"panel {panel['id']} is there twice"
        ids.add(panel["id"])
        if "datasource" in panel and panel["datasource"]["uid"] != "prometheus":
            yield f"panel `{panel['title']}` asks a datasource that is not provisioned"
        boxes.append((panel["title"], panel["gridPos"]))
    for number, (title, box) in enumerate(boxes):
        for other, against in boxes[:number]:
            if overlap(box, against):
                yield f"panel `{title}` lies on `{other}`"


def lost(written, known, place):
    if isinstance(written, dict):
        if not isinstance(known, dict):
            yield f"{place}: not what the schema has there"
            return
        for key, value in written.items():
            if key in known:
                yield from lost(value, known[key], f"{place}/{key}")
            # What is null may be left out.
            elif value is not None:
                yield f"{place}/{key}: not in the schema"
    elif isinstance(written, list):
        if not isinstance(known, list) or len(written) != len(known):
            yield f"{place}: not what the schema has there"
            return
        for number, (one, other) in enumerate(zip(written, known)):
            yield from lost(one, other, f"{place}/{number}")
    elif written != known:
        yield f"{place}: {written!r} is read as {known!r}"


def overlap(one, other):
    return (
        one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
