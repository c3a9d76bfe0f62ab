//! `catchment sample`: the first records of a resource as the rows they would become.

use anyhow::{anyhow, bail};
use serde::Serialize;
use serde_json::Value;
use syncer::{Sample, SampleRow};

use super::{Call, Form};
use crate::{cli::ResourceName, definitions, exit::Exit, print, signals};

/// Longest text of a field that is printed for a person.
const WIDTH: usize = 100;

#[derive(Serialize)]
struct Document<'a> {
    source: &'a str,
    resource: &'a str,
    rows: Vec<SampleRow>,
}

pub(super) async fn run(call: &Call, name: &ResourceName, rows: usize) -> anyhow::Result<Exit> {
    let catalog = call.catalog()?;
    let source = definitions::source(&catalog, &name.source)?;
    definitions::fetched(source)?;
    let plan = definitions::resource(source, &name.resource)?;
    let ctx = call.ctx(call.open_scratch().await?, signals::listen()?)?;
    let Sample { rows, parents } = tokio::select! {
        sample = syncer::sample(&ctx, source, plan, rows) => sample.map_err(|error| anyhow!(error.chain()))?,
        () = ctx.stop.asked() => bail!("stopped before the upstream answered"),
    };
    let ResourceName { source, resource } = name;
    match call.form {
        Form::Json => print::json(&Document {
            source,
            resource,
            rows,
        })?,
        Form::Text if rows.is_empty() => print::text(
            match parents {
                None => "the upstream has no record\n".to_owned(),
                Some(1) => "the only parent that was found has no record\n".to_owned(),
                Some(count) => format!("the first {count} parents have no record\n"),
            }
            .as_str(),
        )?,
        Form::Text => print::text(&text(&rows))?,
    }
    Ok(Exit::Done)
}

fn text(rows: &[SampleRow]) -> String {
    let width = rows
        .iter()
        .flat_map(|row| row.fields.keys())
        .map(String::len)
        .max()
        .unwrap_or(0);
    let blocks = rows.iter().map(|row| {
        let key = row.key.as_deref().unwrap_or("(no key)");
        match &row.reject {
            Some(reason) => format!("{key}\n  rejected: {reason}\n"),
            None => {
                let lines = row
                    .fields
                    .iter()
                    .map(|(name, value)| format!("  {name:<width$}  {}\n", shown(value)));
                let bad = row.bad.iter();
                let bad = bad.map(|(field, reason)| format!("  bad value: {field}: {reason}\n"));
                format!("{key}\n{}", lines.chain(bad).collect::<String>())
            }
        }
    });
    blocks.collect::<Vec<_>>().join("\n")
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    if text.chars().count() <= WIDTH {
        return text.replace('\n', " ");
    }
    let begun: String = text.chars().take(WIDTH).collect();
    format!("{}…", begun.replace('\n', " "))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;
    use syncer::SampleRow;

    use super::text;

    #[test]
    fn a_row_is_a_block_and_a_reject_says_why() {
        let fields = BTreeMap::from([
            ("name".to_owned(), json!("Abyssinian")),
            ("temperament".to_owned(), json!(["Active", "Gentle"])),
            ("rare".to_owned(), json!(false)),
            ("note".to_owned(), json!("1\n2".repeat(60))),
            ("none".to_owned(), json!(null)),
        ]);
        let row = SampleRow {
            key: Some("abys".to_owned()),
            fields,
            bad: BTreeMap::from([("none".to_owned(), "`x` is not an integer".to_owned())]),
            reject: None,
        };
        let reject = SampleRow {
            reject: Some("`id` is absent".to_owned()),
            ..SampleRow::default()
        };
        insta::assert_snapshot!(text(&[row, reject]), @r"
        abys
          name         Abyssinian
          none         -
          note         1 21 21 21 21 21 21 21 21 21 21 21 21 21 21 21 21 21 21 21 21 21 21 21 21 21 21 21 21 21 21 21 21 21…
          rare         false
          temperament  Active, Gentle
          bad value: none: `x` is not an integer

        (no key)
          rejected: `id` is absent
        ");
    }
}
