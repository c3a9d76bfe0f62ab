"""What promtool does not look at: FOLDER of infra. Each alert is tested, both ways, and told of in doc/monitoring.md;
Grafana and Prometheus agree.
"""

import re
import sys
from pathlib import Path

import yaml

ALERT_KEYS = {"summary", "description", "runbook"}


def main(infra):
    infra = Path(infra)
    root = infra.parent
    rules = [rule for path in (infra / "prometheus/rules").glob("*.yml") for rule in rules_of(path)]
    faults = [
        *tested(infra, rules),
        *told(root, rules),
        *provisioned(infra),
    ]
    print("\n".join(faults) or f"{sum('alert' in rule for rule in rules)} alerts, {len(rules)} rules")
    return 1 if faults else 0


def rules_of(path):
    return [rule for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]


def tested(infra, rules):
    fires, silent = set(), set()
    for path in (infra / "prometheus/tests").glob("*.yml"):
        for test in yaml.safe_load(path.read_text())["tests"]:
            for one in test.get("alert_rule_test", ()):
                (fires if one["exp_alerts"] else silent).add(one["alertname"])
    for name in (rule["alert"] for rule in rules if "alert" in rule):
        if name not in fires:
            yield f"{name}: no test in which it fires"
        if name not in silent:
            yield f"{name}: no test in which it does not fire"


def told(root, rules):
    doc = (root / "doc/monitoring.md").read_text()
    headings = {heading.lower() for heading in re.findall(r"^#+ (\w+)$", doc, re.MULTILINE)}
    alerts = [rule for rule in rules if "alert" in rule]
    for rule in alerts:
        name = rule["alert"]
        if set(rule["annotations"]) != ALERT_KEYS:
            yield f"{name}: its annotations are not {sorted(ALERT_KEYS)}"
        if rule["labels"].get("severity") not in ("page", "ticket"):
            yield f"{name}: its severity is neither page nor ticket"
        if rule["annotations"].get("runbook") != f"doc/monitoring.md#{name.lower()}" or name.lower() not in headings:
            yield f"{name}: doc/monitoring.md does not say what to do"


def provisioned(infra):
    provisioning = infra / "grafana/provisioning"
    source = yaml.safe_load((provisioning / "datasources/prometheus.yaml").read_text())["datasources"][0]
    prometheus = yaml.safe_load((infra / "prometheus/prometheus.yml").read_text())
    if source["uid"] != "prometheus":
        yield "the dashboards ask the datasource `prometheus`; another is provisioned"
    if source["jsonData"]["timeInterval"] != prometheus["global"]["scrape_interval"]:
        yield "timeInterval of the datasource is not scrape_interval of Prometheus"
    for provider in yaml.safe_load((provisioning / "dashboards/catchment.yaml").read_text())["providers"]:
        if provider["type"] != "file" or not provider["options"]["path"].startswith("/"):
            yield "the dashboards are not found in a folder"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
