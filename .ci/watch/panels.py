"""Asks Prometheus each query of each panel and variable, as Grafana would, and wants numbers."""

import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

# What Grafana puts in; of a variable what it puts in for "All".
WORDS = {"$__rate_interval": "10s", "$__range": "1m", "$__interval": "1s"}
VARIABLE = re.compile(r"\$(\w+)")
LABEL_VALUES = re.compile(r"^label_values\((.+), (\w+)\)$")
METRIC = re.compile(r"\b(?:ALERTS|up|catchment:[\w:]+|(?:catchment|http_server|mysql|node)_\w+)\b")
LEGEND = re.compile(r"\{\{(\w+)\}\}")


def faults(folder, prometheus):
    """Each query without an answer, and how many were asked."""
    found, count = [], 0
    for path in sorted(Path(folder).glob("*.json")):
        dashboard = json.loads(path.read_text(encoding="utf-8"))
        known = {one["name"]: one["allValue"] for one in dashboard["templating"]["list"]}
        for one in dashboard["templating"]["list"]:
            count += 1
            if fault := of_variable(one, known, prometheus):
                found.append(f"{dashboard['title']}: variable {one['name']}: {fault}")
        for panel in dashboard["panels"]:
            for target in panel.get("targets", ()):
                count += 1
                if fault := of_target(target, known, prometheus):
                    found.append(f"{dashboard['title']}: {panel['title']}: {fault}: {target['expr']}")
    return found, count


def of_variable(variable, known, prometheus):
    metric, label = LABEL_VALUES.match(variable["query"]["query"]).groups()
    values = ask(f"{prometheus}/api/v1/label/{label}/values", {"match[]": filled(metric, known)})
    return None if values else "no values"


def of_target(target, known, prometheus):
    expr = filled(target["expr"], known)
    try:
        answer = ask(f"{prometheus}/api/v1/query", {"query": expr})["result"]
        if not target.get("instant"):
            now = time.time()
            span = {"query": expr, "start": now - 30, "end": now, "step": "1"}
            answer = ask(f"{prometheus}/api/v1/query_range", span)["result"]
    except urllib.error.HTTPError as error:
        return json.load(error)["error"]
    numbers = [value for one in answer for _, value in one.get("values") or [one["value"]] if value != "NaN"]
    if not numbers:
        return "no data"
    for label in LEGEND.findall(target.get("legendFormat", "")):
        if not all(label in one["metric"] for one in answer):
            return f"no label `{label}` for its legend"
    # `or vector(0)` answers by itself: each metric must be there.
    for name in METRIC.findall(re.sub(r'"[^"]*"', "", target["expr"])):
        if not ask(f"{prometheus}/api/v1/query", {"query": f"count({name})"})["result"]:
            return f"there is no {name}"
    return None


def filled(expr, known):
    for word, value in WORDS.items():
        expr = expr.replace(word, value)
    # An unknown variable is a mistake: Prometheus will say so.
    return VARIABLE.sub(lambda found: known.get(found[1], found[0]), expr)


def ask(url, query):
    with urllib.request.urlopen(f"{url}?{urllib.parse.urlencode(query)}", timeout=10) as answer:
        return json.load(answer)["data"]
