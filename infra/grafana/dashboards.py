"""Writes the dashboards: python3 infra/grafana/dashboards.py (or --check: are the files what this writes?)

A panel is a title, queries and a unit here, and some eighty lines of JSON there. `.ci/metrics` runs each query against
services under load and wants an answer.
"""

import json
import sys
from pathlib import Path

FOLDER = Path(__file__).parent / "dashboards"
DATASOURCE = {"type": "prometheus", "uid": "prometheus"}
WIDTH = 24

API = 'job="catchment-api"'
ASKED = 'http_route!~"/metrics|/healthz|/livez|/readyz", http_route=~"$route"'
COUNT = "http_server_request_duration_seconds_count"
BUCKET = "http_server_request_duration_seconds_bucket"
OF = 'source=~"$source", resource=~"$resource"'
# With the colour of each.
OUTCOMES = (("complete", "green"), ("deferred", "blue"), ("partial", "yellow"), ("suspect", "orange"), ("failed", "red"))
NO_DISK = 'fstype!~"tmpfs|ramfs|overlay|squashfs|iso9660"'


def main(arguments):
    wrong = 0
    for dashboard in (basic_monitor(), syncer(), mysql()):
        path = FOLDER / f"{dashboard['file']}.json"
        del dashboard["file"]
        text = json.dumps(dashboard, indent=2) + "\n"
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            print(f"{path} is not what {sys.argv[0]} writes", file=sys.stderr)
            wrong += 1
    return 1 if wrong else 0


def basic_monitor():
    return dashboard(
        "basic-monitor",
        "NPenqc9Zz",
        "Catchment: basic monitor",
        "How the api answers, and whether the rows that it serves are fresh.",
        [variable("source", "catchment_resource_rows", "source"), variable("route", COUNT, "http_route")],
        [
            row("Now"),
            stat("Apis", "processes that answer", f"sum(up{{{API}}})", "none", low=1),
            stat("Syncers", "processes that answer", 'sum(up{job="catchment-syncer"})', "none", low=1),
            stat("Requests", "a second", f"sum(rate({COUNT}{{{ASKED}}}[$__rate_interval]))", "reqps"),
            stat(
                "Failed",
                "share of 5xx; the aim is at most 0.1 %",
                share_of_5xx("$__rate_interval"),
                "percentunit",
                high=0.001,
            ),
            stat(
                "99 of 100 within",
                "",
                f"histogram_quantile(0.99, sum by (le) (rate({BUCKET}{{{ASKED}}}[$__rate_interval])))",
                "s",
                high=0.25,
            ),
            stat(
                "Late resources",
                "older than two intervals of their schedule",
                "count(catchment:resource:age_seconds > 2 * catchment:resource:interval_seconds) or vector(0)",
                "none",
                high=1,
            ),
            stat(
                "Not complete",
                "resources whose last run was not, those that are stopped left out",
                'count(max by (source, resource) (catchment_last_run_outcome{outcome!="complete"}) == 1 and on (source, resource) catchment:resource:wanted) or vector(0)',
                "none",
                high=1,
            ),
            stat("Alerts", "firing now", 'count(ALERTS{alertstate="firing"}) or vector(0)', "none", high=1),
            row("Api"),
            series(
                "Requests per second",
                "by status",
                [
                    (
                        f"sum by (http_response_status_code) (rate({COUNT}{{{ASKED}}}[$__rate_interval]))",
                        "{{http_response_status_code}}",
                    )
                ],
                "reqps",
                stacked=True,
            ),
            series(
                "Requests per second by route",
                "",
                [(f"sum by (http_route) (rate({COUNT}{{{ASKED}}}[$__rate_interval]))", "{{http_route}}")],
                "reqps",
            ),
            series("Latency, median by route", "", [(quantile(0.5, "http_route"), "{{http_route}}")], "s"),
            series("Latency, 90 of 100 by route", "", [(quantile(0.9, "http_route"), "{{http_route}}")], "s"),
            series("Latency, 99 of 100 by route", "", [(quantile(0.99, "http_route"), "{{http_route}}")], "s"),
            series(
                "Errors by code",
                "4xx are the caller's, 5xx ours",
                [
                    (
                        f'sum by (http_response_status_code) (rate({COUNT}{{http_response_status_code=~"4..|5..", {ASKED}}}[$__rate_interval]))',
                        "{{http_response_status_code}}",
                    )
                ],
                "reqps",
                stacked=True,
            ),
            series(
                "5xx by route",
                "",
                [
                    (
                        f'sum by (http_route, http_response_status_code) (rate({COUNT}{{http_response_status_code=~"5..", {ASKED}}}[$__rate_interval]))',
                        "{{http_response_status_code}} {{http_route}}",
                    )
                ],
                "reqps",
            ),
            series(
                "Burn rate of errors",
                "1 uses up the budget of 0.1 % in 30 days; an hour above 14.4 pages",
                [(f"catchment:api_errors:ratio_rate{window} / 0.001", window) for window in ("5m", "1h", "6h")],
                "none",
            ),
            series(
                "Burn rate of slow answers",
                "1 uses up the budget of 1 % above 250 ms in 30 days; an hour above 14.4 pages",
                [(f"catchment:api_slow:ratio_rate{window} / 0.01", window) for window in ("5m", "1h", "6h")],
                "none",
            ),
            row("Saturation"),
            series(
                "Requests in progress",
                "on average, by process; `api.in_flight` (512) is the most",
                [
                    (
                        f"sum by (instance) (rate(http_server_request_duration_seconds_sum{{{API}}}[$__rate_interval]))",
                        "{{instance}}",
                    )
                ],
                "none",
            ),
            series(
                "Held open",
                "callers who wait for changes (at most `api.followers`), exports under way (`api.exports`)",
                [
                    ("sum by (instance) (catchment_followers)", "followers {{instance}}"),
                    ("sum by (instance) (catchment_exports)", "exports {{instance}}"),
                ],
                "none",
            ),
            series(
                "Kept answers",
                "requests for rows by what was found",
                [("sum by (result) (rate(catchment_cache_requests_total[$__rate_interval]))", "{{result}}")],
                "reqps",
                stacked=True,
            ),
            series(
                "Processor",
                "share of the machine that works",
                [
                    (
                        '1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[$__rate_interval]))',
                        "{{instance}}",
                    )
                ],
                "percentunit",
            ),
            series(
                "Memory",
                "share of the machine that is in use",
                [("1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes", "{{instance}}")],
                "percentunit",
            ),
            series(
                "Disk",
                "share that is free",
                [
                    (
                        f"node_filesystem_avail_bytes{{{NO_DISK}}} / node_filesystem_size_bytes",
                        "{{mountpoint}} {{instance}}",
                    )
                ],
                "percentunit",
            ),
            row("Syncer"),
            outcomes('source=~"$source"'),
            series(
                "Runs in the last hour",
                "by outcome",
                [('sum by (outcome) (catchment:runs:increase1h{source=~"$source"})', "{{outcome}}")],
                "none",
                stacked=True,
            ),
            series(
                "Freshness",
                "time since the last complete run ended",
                [('catchment:resource:age_seconds{source=~"$source"}', "{{source}}.{{resource}}")],
                "s",
            ),
            series(
                "Rows",
                "that are not deleted",
                [('max by (source, resource) (catchment_resource_rows{source=~"$source"})', "{{source}}.{{resource}}")],
                "short",
            ),
            series(
                "Records",
                "a second, by what became of them",
                [
                    (
                        'sum by (result) (rate(catchment_records_total{source=~"$source"}[$__rate_interval]))',
                        "{{result}}",
                    )
                ],
                "cps",
                stacked=True,
            ),
            series(
                "Rejects",
                "share of the records of the last hour, or day",
                [('catchment:rejects:ratio{source=~"$source"}', "{{source}}.{{resource}}")],
                "percentunit",
            ),
            series(
                "Deletes blocked",
                "rows that did not come, and that a suspect run did not delete",
                [
                    (
                        'max by (source, resource) (catchment_deletes_blocked{source=~"$source"})',
                        "{{source}}.{{resource}}",
                    )
                ],
                "short",
            ),
            series(
                "Upstream calls",
                "a second, by status; `error` is one without an answer",
                [
                    (
                        'sum by (source, status) (rate(catchment_upstream_requests_total{source=~"$source"}[$__rate_interval]))',
                        "{{source}} {{status}}",
                    )
                ],
                "reqps",
                stacked=True,
            ),
            series(
                "Upstream latency",
                "time to an answer's head, 90 of 100",
                [
                    (
                        'histogram_quantile(0.9, sum by (le, source) (rate(catchment_upstream_request_duration_seconds_bucket{source=~"$source"}[$__rate_interval])))',
                        "{{source}}",
                    )
                ],
                "s",
            ),
        ],
    )


def syncer():
    return dashboard(
        "syncer",
        "catchment-syncer",
        "Catchment: syncer",
        "Each resource: its runs, what they brought, and what its upstream answered.",
        [
            variable("source", "catchment_resource_rows", "source"),
            variable("resource", 'catchment_resource_rows{source=~"$source"}', "resource"),
        ],
        [
            row("Resources"),
            table(
                "Resources",
                "age: since the last complete run; interval: from run to run, as the schedule wants it",
                [
                    ("Age", f"catchment:resource:age_seconds{{{OF}}}", "s"),
                    ("Interval", f"catchment:resource:interval_seconds{{{OF}}}", "s"),
                    (
                        "Next run",
                        f"1000 * max by (source, resource) (catchment_next_run_timestamp_seconds{{{OF}}})",
                        "dateTimeFromNow",
                    ),
                    (
                        "Wanted",
                        f"max by (source, resource) (catchment_resource_enabled{{{OF}}})",
                        "bool_yes_no",
                    ),
                    ("Rows", f"max by (source, resource) (catchment_resource_rows{{{OF}}})", "short"),
                    ("Version", f"max by (source, resource) (catchment_resource_version{{{OF}}})", "none"),
                    ("Rejects", f"catchment:rejects:ratio{{{OF}}}", "percentunit"),
                    (
                        "Deletes blocked",
                        f"max by (source, resource) (catchment_deletes_blocked{{{OF}}})",
                        "short",
                    ),
                ],
            ),
            outcomes(OF),
            series(
                "Age against the schedule",
                "1: a run is due; 2: it is late",
                [
                    (
                        f"catchment:resource:age_seconds{{{OF}}} / catchment:resource:interval_seconds",
                        "{{source}}.{{resource}}",
                    )
                ],
                "none",
            ),
            series(
                "Last complete run",
                "",
                [
                    (
                        f"1000 * max by (source, resource) (catchment_last_success_timestamp_seconds{{{OF}}})",
                        "{{source}}.{{resource}}",
                    )
                ],
                "dateTimeFromNow",
            ),
            series(
                "Next run",
                "of those that are wanted; in the past: it is due, under way, or nobody runs it",
                [
                    (
                        f"1000 * max by (source, resource) (catchment_next_run_timestamp_seconds{{{OF}}})",
                        "{{source}}.{{resource}}",
                    )
                ],
                "dateTimeFromNow",
            ),
            row("Runs"),
            series(
                "Runs in the last hour, by outcome",
                "",
                [(f"sum by (outcome) (catchment:runs:increase1h{{{OF}}})", "{{outcome}}")],
                "none",
                stacked=True,
            ),
            series(
                "Runs in the last hour that were not complete",
                "",
                [(f'catchment:runs:increase1h{{outcome!="complete", {OF}}}', "{{source}}.{{resource}} {{outcome}}")],
                "none",
                stacked=True,
            ),
            series(
                "Time of a run, median",
                "",
                [
                    (
                        f"histogram_quantile(0.5, sum by (le, source, resource) (rate(catchment_run_duration_seconds_bucket{{{OF}}}[1h])))",
                        "{{source}}.{{resource}}",
                    )
                ],
                "s",
            ),
            series(
                "Time of a run, longest",
                "99 of 100",
                [
                    (
                        f"histogram_quantile(0.99, sum by (le, source, resource) (rate(catchment_run_duration_seconds_bucket{{{OF}}}[1h])))",
                        "{{source}}.{{resource}}",
                    )
                ],
                "s",
            ),
            series(
                "Syncers at work",
                "share of the time in which runs are under way, all resources together",
                [
                    (
                        f"sum by (instance) (rate(catchment_run_duration_seconds_sum{{{OF}}}[$__rate_interval]))",
                        "{{instance}}",
                    )
                ],
                "none",
            ),
            row("Records"),
            series(
                "Records a second, by what became of them",
                "",
                [(f"sum by (result) (rate(catchment_records_total{{{OF}}}[$__rate_interval]))", "{{result}}")],
                "cps",
                stacked=True,
            ),
            series(
                "Rows written a second",
                "inserted, updated or deleted",
                [
                    (
                        f'sum by (source, resource) (rate(catchment_records_total{{result=~"inserted|updated|deleted", {OF}}}[$__rate_interval]))',
                        "{{source}}.{{resource}}",
                    )
                ],
                "cps",
            ),
            series(
                "Records of a run",
                "on average in the last day",
                [
                    (
                        f'sum by (source, resource) (catchment:records:increase1d{{result=~"inserted|updated|unchanged", {OF}}}) / (sum by (source, resource) (catchment:runs:increase1d{{{OF}}}) > 0)',
                        "{{source}}.{{resource}}",
                    )
                ],
                "short",
            ),
            series(
                "Deletes blocked",
                "rows that did not come, and that a suspect run did not delete",
                [(f"max by (source, resource) (catchment_deletes_blocked{{{OF}}})", "{{source}}.{{resource}}")],
                "short",
            ),
            series(
                "Rejected",
                "records a second",
                [
                    (
                        f'sum by (source, resource) (rate(catchment_records_total{{result="rejected", {OF}}}[$__rate_interval]))',
                        "{{source}}.{{resource}}",
                    )
                ],
                "cps",
            ),
            series(
                "Rows",
                "that are not deleted",
                [(f"max by (source, resource) (catchment_resource_rows{{{OF}}})", "{{source}}.{{resource}}")],
                "short",
            ),
            series(
                "Commits that changed rows",
                "a second",
                [
                    (
                        f"sum by (source, resource) (rate(catchment_resource_version{{{API}, {OF}}}[$__rate_interval]))",
                        "{{source}}.{{resource}}",
                    )
                ],
                "cps",
            ),
            row("Upstreams"),
            series(
                "Requests a second, by status",
                "`error` is one without an answer",
                [
                    (
                        'sum by (source, status) (rate(catchment_upstream_requests_total{source=~"$source"}[$__rate_interval]))',
                        "{{source}} {{status}}",
                    )
                ],
                "reqps",
                stacked=True,
            ),
            series(
                "Requests without a good answer",
                "share in the last hour: none, 429 or 5xx",
                [('catchment:upstream_errors:ratio1h{source=~"$source"}', "{{source}}")],
                "percentunit",
            ),
            *[
                series(
                    f"Time to an answer's head, {name}",
                    "",
                    [
                        (
                            f'histogram_quantile({q}, sum by (le, source) (rate(catchment_upstream_request_duration_seconds_bucket{{source=~"$source"}}[$__rate_interval])))',
                            "{{source}}",
                        )
                    ],
                    "s",
                )
                for name, q in (("median", 0.5), ("99 of 100", 0.99))
            ],
        ],
    )


def mysql():
    on = 'instance=~"$instance"'

    def rate(name):
        return f"rate(mysql_global_status_{name}{{{on}}}[$__rate_interval])"

    def now(name):
        return f"mysql_global_status_{name}{{{on}}}"

    return dashboard(
        "mysql",
        "catchment-mysql",
        "Catchment: MySQL",
        "The database as prometheus-mysqld-exporter sees it. Empty on SQLite.",
        [variable("instance", "mysql_up", "instance")],
        [
            row("Now"),
            stat("Answers", "", f"min(mysql_up{{{on}}})", "none", low=1),
            stat("Up since", "", f"max({now('uptime')})", "s"),
            stat("Statements", "a second", f"sum({rate('queries')})", "ops"),
            stat(
                "Connections in use",
                "share of `max_connections`",
                f"max({now('threads_connected')} / mysql_global_variables_max_connections)",
                "percentunit",
                high=0.8,
            ),
            stat(
                "Pages from memory",
                "share of reads that the buffer pool served",
                f"1 - sum({rate('innodb_buffer_pool_reads')}) / (sum({rate('innodb_buffer_pool_read_requests')}) > 0)",
                "percentunit",
                low=0.95,
            ),
            stat(
                "Slow statements",
                "a second, longer than `long_query_time`",
                f"sum({rate('slow_queries')})",
                "ops",
                high=1,
            ),
            row("Statements"),
            series(
                "Statements a second, by command",
                "",
                [
                    (
                        f'sum by (command) (rate(mysql_global_status_commands_total{{command=~"select|insert|update|delete|replace|begin|commit|rollback|insert_select|stmt_execute|create_table|alter_table", {on}}}[$__rate_interval])) > 0',
                        "{{command}}",
                    )
                ],
                "ops",
                stacked=True,
            ),
            series(
                "Rows a second",
                "in InnoDB, by what was done with them",
                [
                    (
                        f"sum by (operation) (rate(mysql_global_status_innodb_row_ops_total{{{on}}}[$__rate_interval]))",
                        "{{operation}}",
                    )
                ],
                "ops",
            ),
            series(
                "Handler calls a second",
                "reads by key are cheap; `read_rnd_next` walks through tables",
                [
                    (
                        f'sum by (handler) (rate(mysql_global_status_handlers_total{{handler=~"read_key|read_next|read_prev|read_rnd|read_rnd_next|write|update|delete", {on}}}[$__rate_interval]))',
                        "{{handler}}",
                    )
                ],
                "ops",
            ),
            series(
                "What should be seldom",
                "a second",
                [
                    (f"sum({rate('slow_queries')})", "slow statements"),
                    (f"sum({rate('select_full_join')})", "joins without an index"),
                    (f"sum({rate('created_tmp_disk_tables')})", "temporary tables on disk"),
                    (f"sum({rate('sort_merge_passes')})", "sorts on disk"),
                ],
                "ops",
            ),
            row("Connections"),
            series(
                "Connections",
                "",
                [
                    (f"sum({now('threads_connected')})", "connected"),
                    (f"sum({now('threads_running')})", "running"),
                    (f"sum({now('max_used_connections')})", "most so far"),
                    (f"sum(mysql_global_variables_max_connections{{{on}}})", "allowed"),
                ],
                "none",
            ),
            series(
                "Refused and broken off",
                "a second",
                [(f"sum({rate('aborted_connects')})", "refused"), (f"sum({rate('aborted_clients')})", "broken off")],
                "ops",
            ),
            series(
                "Traffic",
                "bytes a second",
                [(f"sum({rate('bytes_sent')})", "sent"), (f"sum({rate('bytes_received')})", "received")],
                "Bps",
            ),
            row("InnoDB"),
            series(
                "Buffer pool",
                "",
                [
                    (
                        f"sum by (state) (mysql_global_status_buffer_pool_pages{{{on}}}) * on () group_left () max({now('innodb_page_size')})",
                        "{{state}}",
                    )
                ],
                "bytes",
                stacked=True,
            ),
            series("Dirty pages", "", [(f"sum(mysql_global_status_buffer_pool_dirty_pages{{{on}}})", "dirty")], "none"),
            series(
                "Pages a second",
                "",
                [
                    (f"sum({rate('innodb_buffer_pool_reads')})", "read from disk"),
                    (f"sum({rate('innodb_buffer_pool_read_requests')})", "asked for"),
                    (f"sum({rate('innodb_buffer_pool_write_requests')})", "written to"),
                ],
                "ops",
            ),
            series(
                "Waits for row locks",
                "the time waited, in a second",
                [
                    (f"sum({rate('innodb_row_lock_time')}) / 1000", "time"),
                    (f"sum({rate('innodb_row_lock_waits')})", "waits"),
                ],
                "none",
            ),
            series(
                "Log and data",
                "bytes a second to disk",
                [(f"sum({rate('innodb_os_log_written')})", "log"), (f"sum({rate('innodb_data_written')})", "data")],
                "Bps",
            ),
            series(
                "Tables",
                "",
                [
                    (f"sum({now('open_tables')})", "open"),
                    (f"sum(mysql_global_variables_table_open_cache{{{on}}})", "allowed"),
                ],
                "none",
            ),
        ],
    )


def quantile(q, by):
    return f"histogram_quantile({q}, sum by (le, {by}) (rate({BUCKET}{{{ASKED}}}[$__rate_interval])))"


def share_of_5xx(window):
    failed = f'sum(rate({COUNT}{{http_response_status_code=~"5..", {ASKED}}}[{window}])) or vector(0)'
    return f"({failed}) / (sum(rate({COUNT}{{{ASKED}}}[{window}])) > 0)"


def variable(name, metric, label):
    query = f"label_values({metric}, {label})"
    return {
        "type": "query",
        "name": name,
        "datasource": DATASOURCE,
        "query": {"query": query, "refId": "variable"},
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".+",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
    }


def row(title):
    return {"type": "row", "title": title, "collapsed": False, "panels": [], "size": (WIDTH, 1)}


def panel(kind, title, description, queries, size):
    made = {
        "type": kind,
        "title": title,
        "datasource": DATASOURCE,
        "targets": [
            {"refId": chr(ord("A") + number), "datasource": DATASOURCE, "expr": expr, "legendFormat": legend}
            for number, (expr, legend) in enumerate(queries)
        ],
        "size": size,
    }
    if description:
        made["description"] = description
    return made


def stat(title, description, query, unit, low=None, high=None):
    steps = [{"color": "green", "value": None}]
    if low is not None:
        steps = [{"color": "red", "value": None}, {"color": "green", "value": low}]
    if high is not None:
        steps.append({"color": "red", "value": high})
    made = panel("stat", title, description, [(query, "")], (3, 4))
    made["fieldConfig"] = {
        "defaults": {"unit": unit, "color": {"mode": "thresholds"}, "thresholds": {"mode": "absolute", "steps": steps}},
        "overrides": [],
    }
    made["options"] = {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "value",
        "graphMode": "area",
        "textMode": "auto",
    }
    return made


def series(title, description, queries, unit, stacked=False):
    made = panel("timeseries", title, description, queries, (8, 8))
    custom = {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 20 if stacked else 0, "showPoints": "never"}
    if stacked:
        custom["stacking"] = {"mode": "normal", "group": "A"}
    made["fieldConfig"] = {
        "defaults": {"unit": unit, "min": 0, "color": {"mode": "palette-classic"}, "custom": custom},
        "overrides": [],
    }
    if unit == "dateTimeFromNow":
        del made["fieldConfig"]["defaults"]["min"]
    made["options"] = {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return made


def outcomes(of):
    """How the last run of each resource ended, over time."""
    ended = " or ".join(
        f'{number} * (catchment_last_run_outcome{{outcome="{outcome}", {of}}} == 1)'
        for number, (outcome, _) in enumerate(OUTCOMES)
    )
    query = (f"max by (source, resource) ({ended})", "{{source}}.{{resource}}")
    made = panel("state-timeline", "How the last run ended", "", [query], (8, 8))
    words = {
        str(number): {"text": outcome, "color": color, "index": number} for number, (outcome, color) in enumerate(OUTCOMES)
    }
    made["fieldConfig"] = {
        "defaults": {
            "mappings": [{"type": "value", "options": words}],
            "color": {"mode": "thresholds"},
            "custom": {"fillOpacity": 70, "lineWidth": 0},
        },
        "overrides": [],
    }
    made["options"] = {
        "mergeValues": True,
        "showValue": "never",
        "rowHeight": 0.9,
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "single", "sort": "none"},
    }
    return made


def table(title, description, columns):
    """$columns: title, query and unit. One line for each resource."""
    made = panel("table", title, description, [(query, "") for _, query, _ in columns], (WIDTH, 8))
    for target in made["targets"]:
        target |= {"format": "table", "instant": True}
    named = {f"Value #{target['refId']}": name for target, (name, _, _) in zip(made["targets"], columns)}
    made["transformations"] = [
        {"id": "merge", "options": {}},
        {"id": "organize", "options": {"excludeByName": {"Time": True, "__name__": True}, "renameByName": named}},
    ]
    made["fieldConfig"] = {
        "defaults": {"custom": {"align": "auto", "filterable": True}},
        "overrides": [
            {"matcher": {"id": "byName", "options": name}, "properties": [{"id": "unit", "value": unit}]}
            for name, _, unit in columns
        ],
    }
    made["options"] = {"showHeader": True, "cellHeight": "sm"}
    return made


def dashboard(file, uid, title, description, variables, panels):
    return {
        "file": file,
        "uid": uid,
        "title": title,
        "description": description,
        "tags": ["catchment"],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "utc",
        "annotations": {"list": []},
        "links": [
            {
                "type": "dashboards",
                "title": "Catchment",
                "tags": ["catchment"],
                "asDropdown": False,
                "includeVars": False,
                "keepTime": True,
                "targetBlank": False,
                "icon": "",
                "tooltip": "",
                "url": "",
            }
        ],
        "templating": {"list": variables},
        "panels": placed(panels),
    }


def placed(panels):
    """From left to right, and below when a line is full."""
    x = y = height = 0
    for number, one in enumerate(panels, 1):
        wide, high = one.pop("size")
        if x + wide > WIDTH or one["type"] == "row":
            x, y, height = 0, y + height, 0
        one["id"] = number
        one["gridPos"] = {"x": x, "y": y, "w": wide, "h": high}
        x, height = x + wide, max(height, high)
    return panels


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
