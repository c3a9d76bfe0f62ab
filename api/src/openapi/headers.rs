//! The headers of answers, as the document tells them.

use serde_json::{Map, Value, json};

use super::operation::Answers;

/// Those of a good answer.
pub(super) fn of(answers: Answers) -> Map<String, Value> {
    let names: &[&str] = match answers {
        Answers::Rows | Answers::Mirrored => &[
            "ETag",
            "Last-Modified",
            "Link",
            "X-Total-Count",
            "Catchment-Version",
            "Catchment-Synced-At",
        ],
        Answers::Anew => &["Catchment-Version"],
        Answers::Document | Answers::Catalogue => &["ETag"],
        Answers::State => &[],
    };
    named(names.iter().chain(&["Cache-Control", "X-Request-Id"]))
}

/// Those of an answer to whoever has it already.
pub(super) fn of_same() -> Map<String, Value> {
    named(&["ETag", "Cache-Control", "X-Request-Id"])
}

/// Those of a problem.
pub(super) fn of_problem(is_retryable: bool) -> Map<String, Value> {
    let retry = is_retryable.then_some(&"Retry-After");
    named(["Cache-Control", "X-Request-Id"].iter().chain(retry))
}

/// Those of these names.
pub(super) fn named<'a>(names: impl IntoIterator<Item = &'a &'a str>) -> Map<String, Value> {
    let names = names.into_iter();
    let referred = names.map(|name| {
        let reference = json!({ "$ref": format!("#/components/headers/{name}") });
        ((*name).to_owned(), reference)
    });
    referred.collect()
}

/// All headers that answers refer to.
pub(super) fn headers() -> Value {
    let header =
        |description: &str, schema: Value| json!({ "description": description, "schema": schema });
    let text = || json!({ "type": "string" });
    let mut headers = json!({
        "ETag": header("Weak. Send it as `If-None-Match` to be told `304` while it holds.", json!({ "type": "string", "pattern": "^W/\".*\"$" })),
        "Last-Modified": header("When a commit last changed the rows.", text()),
        "Cache-Control": header("For how long the answer may be kept.", text()),
        "Link": header("Where the list goes on (`next`, `prev`), the schema (`describedby`) and this document (`service-desc`).", text()),
        "X-Total-Count": header("Rows of the list over all pages, if that is known.", json!({ "type": "integer", "minimum": 0 })),
        "Catchment-Version": header("The resource's version.", json!({ "type": "integer", "minimum": 0 })),
        "Catchment-Synced-At": header("When a run last ended complete; of a local resource, when it was last written.", json!({ "type": "string", "format": "date-time" })),
        "Location": header("Where it is: what was made, or what was asked for.", text()),
        "Retry-After": header("Seconds after which the same request may succeed.", json!({ "type": "integer", "minimum": 1 })),
        "X-Request-Id": header("Of this request, as the log has it: the caller's own, if that is fit to be repeated.", text()),
    });
    headers["X-Request-Id"]["required"] = json!(true);
    headers["Cache-Control"]["required"] = json!(false);
    headers
}
