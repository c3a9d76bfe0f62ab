//! How the syncers fare and what they are asked to do: the operations. What they answer with is in `tap`.

use entity::{command, reject, run};
use serde_json::{Value, json};

use super::{
    act::Act,
    paths::{json_body, reference},
    tables,
};
use crate::{changes::LONGEST_WAIT, identity::Need};

pub(super) const TAG: &str = "sync";

type Acts = Vec<(&'static str, Act<'static>)>;

pub(super) fn acts() -> Vec<(String, Act<'static>)> {
    let acts = [fares(), runs(), asked_for(), commands(), rejects()];
    let acts = acts.into_iter().flatten();
    acts.map(|(path, act)| (format!("/api/v1/sync{path}"), act))
        .collect()
}

/// How everything fares, and whether it is to run.
fn fares() -> Acts {
    let events = Act {
        answers: vec![(
            200,
            "All of it, then what is another than it was.",
            stream(),
        )],
        ..get("sync_events", "How everything fares, as it changes")
    };
    vec![
        (
            "",
            Act {
                answers: vec![ok("Everything, by source.", "SyncFare")],
                ..get(
                    "sync",
                    "How everything fares: what runs, what is to run, and who runs it",
                )
            },
        ),
        ("", steer("steer_all", Vec::new(), "SyncFare")),
        (
            "/{source}",
            Act {
                parameters: of_source(),
                answers: vec![ok("The source's resources.", "SyncSource")],
                problems: &["NotFound", "QueryTimeout"],
                ..get("sync_of_source", "How the resources of a source fare")
            },
        ),
        (
            "/{source}",
            steer("steer_source", of_source(), "SyncSource"),
        ),
        (
            "/{source}/{resource}",
            Act {
                parameters: of_resource(),
                answers: vec![ok("The resource, with its last runs.", "SyncResource")],
                problems: &["NotFound", "QueryTimeout"],
                ..get("sync_of_resource", "How a resource fares")
            },
        ),
        (
            "/{source}/{resource}",
            steer("steer_resource", of_resource(), "SyncResource"),
        ),
        ("/events", events),
    ]
}

fn runs() -> Acts {
    let listing = run::Entity::listing();
    let list = Act {
        parameters: tables::parameters(&listing),
        answers: vec![(
            200,
            "The newest first.",
            tables::body(&tables::row(&listing)),
        )],
        problems: &["BadList", "QueryTimeout"],
        ..get("runs", "The history of runs")
    };
    let one = Act {
        parameters: vec![id("A run.")],
        answers: vec![ok("The run.", "SyncRun")],
        problems: &["NotFound", "QueryTimeout"],
        ..get("run", "A run: how it ended, and what it did")
    };
    vec![("/runs", list), ("/runs/{id}", one)]
}

/// What the syncers can be asked to do.
fn asked_for() -> Acts {
    vec![
        ("/runs", run("run_all", "Run everything now", Vec::new())),
        (
            "/{source}/runs",
            run(
                "run_source",
                "Run the resources of a source now",
                of_source(),
            ),
        ),
        (
            "/{source}/{resource}/runs",
            run("run_resource", "Run a resource now", of_resource()),
        ),
        (
            "/runs/{id}/cancel",
            ask(
                "cancel_run",
                "End a run after the page in flight",
                vec![id("A run under way.")],
            ),
        ),
        (
            "/{source}/{resource}/rejects/replay",
            ask(
                "replay_rejects",
                "Read the rejected records of a resource again, under the present definition",
                of_resource(),
            ),
        ),
    ]
}

fn commands() -> Acts {
    let listing = command::Entity::listing();
    let list = Act {
        parameters: tables::parameters(&listing),
        answers: vec![(
            200,
            "The newest first.",
            tables::body(&tables::row(&listing)),
        )],
        problems: &["BadList", "QueryTimeout"],
        ..get("commands", "What the syncers were asked to do")
    };
    let longest = LONGEST_WAIT.as_secs();
    let wait = json!({
        "name": "wait",
        "in": "query",
        "description": format!("Seconds to wait until it is done, at most {longest}."),
        "schema": { "type": "integer", "minimum": 0, "default": 0 },
    });
    let one = Act {
        parameters: vec![id("A command."), wait],
        answers: vec![ok("The command.", "SyncCommand")],
        problems: &["NotFound", "QueryTimeout"],
        ..get(
            "command",
            "Whether a command was obeyed, and what came of it",
        )
    };
    vec![("/commands", list), ("/commands/{id}", one)]
}

fn rejects() -> Acts {
    let listing = reject::Entity::listing(0);
    let mut parameters = of_resource();
    parameters.extend(tables::parameters(&listing));
    let list = Act {
        parameters,
        answers: vec![(
            200,
            "The newest first, without their records.",
            tables::body(&tables::row(&listing)),
        )],
        problems: &["BadList", "NotFound", "QueryTimeout"],
        ..get(
            "rejects",
            "Records that could not become rows, and values that did not fit their field",
        )
    };
    let counts = Act {
        parameters: of_resource(),
        answers: vec![ok("The most first.", "SyncRejectCounts")],
        problems: &["NotFound", "QueryTimeout"],
        ..get("reject_counts", "How many rejects are alike")
    };
    let mut parameters = of_resource();
    parameters.push(id("A reject."));
    let one = Act {
        parameters,
        answers: vec![ok("The reject, with its record.", "SyncReject")],
        problems: &["NotFound", "QueryTimeout"],
        ..get("reject", "A reject and the bytes of its record")
    };
    vec![
        ("/{source}/{resource}/rejects", list),
        ("/{source}/{resource}/rejects/counts", counts),
        ("/{source}/{resource}/rejects/{id}", one),
    ]
}

fn get(id: &'static str, summary: &'static str) -> Act<'static> {
    Act {
        method: "get",
        tag: TAG,
        id,
        summary,
        need: Need::Sync,
        parameters: Vec::new(),
        body: None,
        answers: Vec::new(),
        headers: &[],
        problems: &["QueryTimeout"],
    }
}

fn steer(id: &'static str, parameters: Vec<Value>, answer: &'static str) -> Act<'static> {
    let wish = json!({
        "type": "object",
        "required": ["enabled"],
        "additionalProperties": false,
        "properties": {
            "enabled": { "type": "boolean", "description": "Whether its runs are wanted." },
        },
    });
    Act {
        method: "patch",
        parameters,
        body: Some(json_body(&wish)),
        answers: vec![ok("How it fares now.", answer)],
        problems: &["NotFound", "QueryTimeout"],
        ..get(
            id,
            "Stop or start: a run under way ends after the page in flight, and none begins",
        )
    }
}

fn run(id: &'static str, summary: &'static str, parameters: Vec<Value>) -> Act<'static> {
    let wish = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "mode": {
                "type": ["string", "null"],
                "enum": ["incremental", "full", "dry", null],
                "default": "incremental",
                "description": "`incremental`: as scheduled; `full`: everything, from the first page on; `dry`: as \
                    scheduled, storing nothing.",
            },
            "accept_deletes": {
                "type": ["boolean", "null"],
                "default": false,
                "description": "Deletes what the upstream no longer has even if it is more than the definition allows.",
            },
        },
    });
    Act {
        body: Some(json_body(&wish)),
        ..ask(id, summary, parameters)
    }
}

fn ask(id: &'static str, summary: &'static str, parameters: Vec<Value>) -> Act<'static> {
    Act {
        method: "post",
        parameters,
        answers: vec![(
            202,
            "It is asked for: a command for each resource. Of one alone, `Location` says where it is.",
            json_body(&data(&reference("SyncAsked"))),
        )],
        headers: &["Location"],
        problems: &["NotFound", "Conflict", "QueryTimeout"],
        ..get(id, summary)
    }
}

fn ok(description: &'static str, schema: &str) -> (u16, &'static str, Value) {
    (200, description, json_body(&data(&reference(schema))))
}

fn data(schema: &Value) -> Value {
    json!({ "type": "object", "required": ["data"], "properties": { "data": schema } })
}

fn stream() -> Value {
    json!({
        "text/event-stream": {
            "schema": {
                "type": "string",
                "description": "Events `syncers`, whose data is a list of those that are alive, and `resource`, whose data is \
                    how a resource fares; each on one line.",
                "x-itemSchema": {
                    "description": "The data of an event.",
                    "anyOf": [
                        reference("SyncResource"),
                        { "type": "array", "items": reference("Syncer") },
                    ],
                },
            },
        },
    })
}

fn of_source() -> Vec<Value> {
    vec![path("source", "A source.")]
}

fn of_resource() -> Vec<Value> {
    vec![
        path("source", "A source."),
        path("resource", "One of its resources."),
    ]
}

fn path(name: &str, description: &str) -> Value {
    json!({
        "name": name,
        "in": "path",
        "required": true,
        "description": description,
        "schema": { "type": "string" },
    })
}

fn id(description: &str) -> Value {
    json!({
        "name": "id",
        "in": "path",
        "required": true,
        "description": description,
        "schema": { "type": "integer", "format": "int64" },
    })
}
