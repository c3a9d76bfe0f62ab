//! What the routes about the syncers answer with: the schemas.

use entity::{command, run};
use serde_json::{Map, Value, json};

use super::{paths::reference, tables};

pub(super) fn schemas() -> Map<String, Value> {
    Map::from_iter([
        ("SyncFare".to_owned(), fare()),
        ("SyncSource".to_owned(), source()),
        ("SyncBudget".to_owned(), budget()),
        ("SyncResource".to_owned(), resource()),
        ("SyncRunning".to_owned(), running()),
        (
            "SyncRun".to_owned(),
            whole(tables::row(&run::Entity::listing())),
        ),
        (
            "SyncCommand".to_owned(),
            whole(tables::row(&command::Entity::listing())),
        ),
        ("SyncAsked".to_owned(), asked()),
        ("SyncReject".to_owned(), reject()),
        ("SyncRejectCounts".to_owned(), counts()),
        ("Syncer".to_owned(), syncer()),
    ])
}

/// A row with all of its members.
fn whole(mut row: Value) -> Value {
    let members = row["properties"].as_object();
    let names: Vec<String> = members.map_or_else(Vec::new, |all| all.keys().cloned().collect());
    row["required"] = json!(names);
    row
}

/// An object that always has all of its members but those that are `optional`.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the members are written where they are asked for"
)]
fn object(members: Value, optional: &[&str]) -> Value {
    let names = members.as_object().map_or_else(Vec::new, |members| {
        let names = members.keys().cloned();
        names
            .filter(|name| !optional.contains(&name.as_str()))
            .collect()
    });
    json!({ "type": "object", "required": names, "properties": members })
}

fn list(of: &str) -> Value {
    json!({ "type": "array", "items": reference(of) })
}

fn or_null(of: &str) -> Value {
    json!({ "oneOf": [reference(of), { "type": "null" }] })
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

fn number(description: &str) -> Value {
    json!({ "type": "integer", "format": "int64", "description": description })
}

fn number_if_known(description: &str) -> Value {
    json!({ "type": ["integer", "null"], "format": "int64", "description": description })
}

fn time(description: &str) -> Value {
    json!({ "type": "string", "format": "date-time", "description": description })
}

fn time_if_known(description: &str) -> Value {
    json!({ "type": ["string", "null"], "format": "date-time", "description": description })
}

fn fare() -> Value {
    let mut syncers = list("Syncer");
    syncers["description"] =
        json!("Those that are alive. None: nothing runs until one is started.");
    let members = json!({ "syncers": syncers, "sources": list("SyncSource") });
    object(members, &[])
}

fn syncer() -> Value {
    let members = json!({
        "name": text("Its process, as commands name it that it has taken."),
        "host": text("The machine that it is on."),
        "version": text("Of Catchment."),
        "started_at": time("When it was started."),
        "sources": {
            "type": "array",
            "items": { "type": "string" },
            "description": "The sources that it has definitions of.",
        },
    });
    object(members, &[])
}

fn source() -> Value {
    let members = json!({
        "source": text("Its name."),
        "path": text("Where it is told how it fares."),
        "schedule": text("When its resources run: cron (UTC), or `every 30m`."),
        "attended": { "type": "boolean", "description": "Whether a living syncer has its definition." },
        "budget": or_null("SyncBudget"),
        "resources": list("SyncResource"),
    });
    object(members, &[])
}

fn budget() -> Value {
    let members = json!({
        "rate": number_if_known("Requests that the definition allows in `per_ms`."),
        "per_ms": number_if_known("Milliseconds."),
        "concurrency": number_if_known("Requests that may be on the way at once."),
        "left": number_if_known("Requests that may be sent before `resets_at`."),
        "resets_at": time_if_known("When there is more."),
        "waiting_until": time_if_known("Until when nothing may be sent."),
        "told_at": time_if_known("When a syncer wrote this."),
    });
    let mut budget = object(members, &[]);
    budget["description"] =
        json!("What may be asked of the upstream, as the syncer that asked it last knew.");
    budget
}

fn resource() -> Value {
    let state = json!({
        "type": "string",
        "enum": ["running", "stopping", "stopped", "waiting", "unattended", "idle", "local"],
        "description": "`stopping`: a run under way ends after the page in flight; `stopped`: no run is wanted; `waiting`: \
            the upstream asked to wait; `unattended`: no living syncer has its source; `idle`: until the next run is due; \
            `local`: its rows come from callers of the api.",
    });
    let outcome = json!({
        "type": ["string", "null"],
        "enum": ["complete", "partial", "suspect", "deferred", "failed", null],
    });
    let mut members = json!({
        "source": text("Its source."),
        "resource": text("Its name."),
        "path": text("Where it is told how it fares."),
        "state": state,
        "enabled": { "type": "boolean", "description": "The desired state: whether its runs are wanted." },
        "steered_by": { "type": ["string", "null"], "description": "Who stopped or started it last." },
        "steered_at": time_if_known("When that was."),
        "attended": { "type": "boolean", "description": "Whether a living syncer has its definition." },
        "running": or_null("SyncRunning"),
        "rows": number("Rows that are not deleted."),
        "version": number("Raised by each commit that changed rows."),
        "complete": { "type": "boolean", "description": "Whether the rows are those of one complete run." },
        "last_outcome": outcome,
        "last_run_at": time_if_known("When a run last ended."),
        "synced_at": time_if_known("When a run last ended complete."),
        "changed_at": time_if_known("When a commit last changed rows."),
        "next_run_at": time_if_known("When the next run is due."),
        "last_run": or_null("SyncRun"),
        "commands": list("SyncCommand"),
        "rejects": number("Records that could not become rows; not in events."),
        "runs": list("SyncRun"),
    });
    members["commands"]["description"] = json!("What was asked for and is not done.");
    members["runs"]["description"] = json!("The newest first; where one resource is asked for.");
    object(members, &["rejects", "runs"])
}

fn running() -> Value {
    let mut members = json!({
        "run": number("Its number."),
        "pages": number("Pages read."),
        "pages_expected": number_if_known("How many there are, if the upstream told."),
        "rate": { "type": ["number", "null"], "description": "Records a second." },
        "seconds_left": number_if_known("How long the rest takes at that pace."),
        "started_at": time("When it began."),
        "updated_at": time("When this was written."),
        "total": number_if_known("Records that the upstream says there are."),
    });
    let counts = [
        ("requests", "Requests sent."),
        ("bytes", "Bytes of the answers' bodies."),
        ("fetched", "Records that came."),
        ("inserted", "Rows that are new."),
        ("updated", "Rows that changed."),
        ("unchanged", "Rows that are as they were."),
        ("deleted", "Rows that were deleted."),
        ("rejected", "Records that could not become rows."),
        ("bad_values", "Values that did not fit their field."),
    ];
    for (name, description) in counts {
        members[name] = number(description);
    }
    object(members, &[])
}

fn asked() -> Value {
    let refused = object(
        json!({
            "source": text("Its source."),
            "resource": text("Its name."),
            "detail": text("What is in the way."),
            "path": text("Where that is to be seen."),
        }),
        &[],
    );
    let members = json!({
        "commands": list("SyncCommand"),
        "refused": {
            "type": "array",
            "items": refused,
            "description": "Of several resources those that were not asked for it.",
        },
    });
    object(members, &[])
}

fn reject() -> Value {
    let mut row = whole(tables::row(&entity::reject::Entity::listing(0)));
    row["properties"]["payload"] = json!({
        "type": ["string", "null"],
        "description": "The record's bytes; null of a value, whose record is a row.",
    });
    row
}

fn counts() -> Value {
    let count = object(
        json!({
            "kind": { "type": "string", "enum": ["record", "value"] },
            "field": { "type": ["string", "null"], "description": "The field at fault." },
            "reason": text("Without the value that it speaks of."),
            "count": number("How many."),
        }),
        &[],
    );
    json!({ "type": "array", "items": count })
}
