"""Writes what Kibana shows of the logs: python3 infra/kibana/objects.py (or --check: is the file what this writes?)

Kibana keeps JSON as text inside of JSON, which nobody can read; here it is plain.
"""

import json
import sys
from pathlib import Path

FILE = Path(__file__).parent / "saved_objects.ndjson"
VIEW = "catchment-logs"
# As old as their shape is: Kibana brings older ones up to date when it reads them, and refuses younger ones.
VERSIONS = {"index-pattern": "7.11.0", "search": "8.0.0", "visualization": "8.0.0", "dashboard": "8.7.0"}

RUNS = 'message.keyword : "run ended"'
# Without those of health checks and Prometheus.
REQUESTS = 'message.keyword : "request" and not route : ("/readyz" or "/livez" or "/healthz" or "/metrics")'
# What the alerts of slow answers take for slow.
SLOW = f"{REQUESTS} and duration_ms >= 250"


def main(arguments):
    text = "".join(json.dumps(one) + "\n" for one in objects())
    if "--check" not in arguments:
        FILE.write_text(text, encoding="utf-8")
    elif not FILE.exists() or FILE.read_text(encoding="utf-8") != text:
        print(f"{FILE} is not what {sys.argv[0]} writes", file=sys.stderr)
        return 1
    return 0


def objects():
    searches = [
        search(
            "syncer-runs",
            "Syncer: runs",
            "Each run that ended: what it did, and how it ended.",
            RUNS,
            "source resource run outcome mode duration_ms requests fetched inserted updated unchanged deleted rejected error",
        ),
        search(
            "api-errors",
            "Api: errors",
            "Requests that ended with 5xx, each with its cause, and what else the api warns of.",
            'service : "api" and (status >= 500 or level : ("error" or "warn"))',
            "level message method route status duration_ms request_id error",
        ),
        search(
            "api-slow-requests",
            "Api: slow requests",
            "Requests that took 250 ms or longer. Those that did not fail are told only while the api's log has `api::observe=debug`.",
            SLOW,
            "method route status duration_ms request_id",
        ),
        search(
            "api-request-by-id",
            "Api: one request by its id",
            "Write the id, which each answer has in its header x-request-id, in place of the star.",
            "request_id : *",
            "level message method route status duration_ms request_id error",
        ),
        search(
            "unread-lines",
            "Lines that could not be read",
            "What stood in a log file and was no JSON object.",
            "unmatched_line : *",
            "log_file unmatched_line",
        ),
    ]
    charts = [
        bars("lines-by-level", "Log lines by level", "", "level"),
        bars("runs-by-outcome", "Runs by outcome", RUNS, "outcome"),
        bars("requests-by-status", "Requests by status", REQUESTS, "status"),
        slowest_routes(),
    ]
    view = {"title": VIEW, "name": "Catchment logs", "timeFieldName": "@timestamp"}
    board = dashboard(
        [
            (charts[0], 0, 0, 24, 12),
            (charts[1], 24, 0, 24, 12),
            (charts[2], 0, 12, 24, 12),
            (charts[3], 24, 12, 24, 12),
            (searches[1], 0, 24, 48, 14),
            (searches[0], 0, 38, 48, 18),
        ]
    )
    return [saved("index-pattern", VIEW, view, []), *searches, *charts, board]


def search(name, title, description, query, columns):
    return saved(
        "search",
        f"catchment-{name}",
        {
            "title": title,
            "description": description,
            "columns": columns.split(),
            "sort": [["@timestamp", "desc"]],
            "kibanaSavedObjectMeta": meta(query),
        },
        [of_view()],
    )


def bars(name, title, query, field):
    """How many lines there were in a time, by what their field says."""
    axis = {"id": "ValueAxis-1", "name": "LeftAxis-1", "type": "value", "position": "left", "show": True, "style": {}}
    axis |= {"scale": {"type": "linear", "mode": "normal"}, "title": {"text": "lines"}}
    axis |= {"labels": {"show": True, "rotate": 0, "filter": False, "truncate": 100}}
    times = {"id": "CategoryAxis-1", "type": "category", "position": "bottom", "show": True, "style": {}, "title": {}}
    times |= {"scale": {"type": "linear"}, "labels": {"show": True, "filter": True, "truncate": 100}}
    series = {"show": True, "type": "histogram", "mode": "stacked", "valueAxis": "ValueAxis-1", "lineWidth": 2}
    series |= {"data": {"label": "lines", "id": "1"}, "drawLinesBetweenPoints": True, "showCircles": True}
    parameters = {
        "type": "histogram",
        "grid": {"categoryLines": False},
        "categoryAxes": [times],
        "valueAxes": [axis],
        "seriesParams": [series],
        "addTooltip": True,
        "addLegend": True,
        "legendPosition": "right",
        "times": [],
        "addTimeMarker": False,
        "labels": {"show": False},
        "thresholdLine": {"show": False, "value": 10, "width": 1, "style": "full", "color": "#E7664C"},
    }
    by_time = {"field": "@timestamp", "useNormalizedEsInterval": True, "interval": "auto", "min_doc_count": 1}
    by_time |= {"drop_partials": False, "extended_bounds": {}}
    aggregations = [
        aggregation(1, "count", "metric", {"customLabel": "lines"}),
        aggregation(2, "date_histogram", "segment", by_time),
        aggregation(3, "terms", "group", terms(field)),
    ]
    return chart(name, title, query, "histogram", parameters, aggregations)


def slowest_routes():
    parameters = {"perPage": 10, "showPartialRows": False, "showMetricsAtAllLevels": False, "showTotal": False}
    parameters |= {"totalFunc": "sum", "percentageCol": ""}
    aggregations = [
        aggregation(1, "max", "metric", {"field": "duration_ms", "customLabel": "longest, ms"}),
        aggregation(2, "percentiles", "metric", {"field": "duration_ms", "percents": [50, 99], "customLabel": "ms"}),
        aggregation(3, "count", "metric", {"customLabel": "requests"}),
        aggregation(4, "terms", "bucket", terms("route") | {"size": 20}),
    ]
    return chart("slowest-routes", "Slowest routes", REQUESTS, "table", parameters, aggregations)


def terms(field):
    return {"field": field, "size": 10, "order": "desc", "orderBy": "1", "otherBucket": False, "missingBucket": False}


def aggregation(number, kind, schema, parameters):
    return {"id": str(number), "enabled": True, "type": kind, "schema": schema, "params": parameters}


def chart(name, title, query, kind, parameters, aggregations):
    state = {"title": title, "type": kind, "params": parameters, "aggs": aggregations}
    attributes = {
        "title": title,
        "description": "",
        "visState": json.dumps(state),
        "uiStateJSON": "{}",
        "version": 1,
        "kibanaSavedObjectMeta": meta(query),
    }
    return saved("visualization", f"catchment-{name}", attributes, [of_view()])


def dashboard(places):
    panels, references = [], []
    for number, (what, x, y, width, height) in enumerate(places, 1):
        panels.append(
            {
                "type": what["type"],
                "panelIndex": str(number),
                "panelRefName": f"panel_{number}",
                "gridData": {"x": x, "y": y, "w": width, "h": height, "i": str(number)},
                "embeddableConfig": {"enhancements": {}},
            }
        )
        references.append({"name": f"{number}:panel_{number}", "type": what["type"], "id": what["id"]})
    everything = {"query": {"query": "", "language": "kuery"}, "filter": []}
    attributes = {
        "title": "Catchment: logs",
        "description": "What the api and the syncer tell in their logs.",
        "panelsJSON": json.dumps(panels),
        "optionsJSON": json.dumps({"useMargins": True, "hidePanelTitles": False}),
        "version": 1,
        "timeRestore": True,
        "timeFrom": "now-24h",
        "timeTo": "now",
        "kibanaSavedObjectMeta": {"searchSourceJSON": json.dumps(everything)},
    }
    return saved("dashboard", "catchment-logs", attributes, references)


def meta(query):
    source = {"query": {"query": query, "language": "kuery"}, "filter": [], "indexRefName": of_view()["name"]}
    return {"searchSourceJSON": json.dumps(source)}


def of_view():
    return {"name": "kibanaSavedObjectMeta.searchSourceJSON.index", "type": "index-pattern", "id": VIEW}


def saved(kind, name, attributes, references):
    return {
        "type": kind,
        "id": name,
        "attributes": attributes,
        "references": references,
        "coreMigrationVersion": "8.8.0",
        "typeMigrationVersion": VERSIONS[kind],
        "managed": False,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
