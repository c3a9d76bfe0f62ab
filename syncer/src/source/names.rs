//! Names of sources, resources and fields: what databases, URLs and the api's parameters leave free.

use std::collections::BTreeMap;

use entity::record::ENVELOPE;

use super::{
    fault::{Fault, Wrong},
    plan::Source,
    tree::{At, Node},
};

/// Words that the api's URLs take where a source's name would stand.
const SOURCES: [&str; 19] = [
    "api", "auth", "catalog", "commands", "docs", "events", "healthz", "keys", "livez", "metrics",
    "mirror", "openapi", "problems", "readyz", "runs", "static", "swagger", "sync", "users",
];

/// Words that the api's URLs take where a resource's name would stand.
const RESOURCES: [&str; 1] = ["runs"];

/// Parameters that the api takes where a field's name would stand.
const PARAMETERS: [&str; 13] = [
    "q", "sort", "fields", "embed", "limit", "cursor", "count", "facet", "shape", "format",
    "since", "wait", "as_of",
];

/// The tables of Catchment itself.
const TABLES: [&str; 15] = [
    "api_key",
    "audit",
    "command",
    "cursor",
    "lease",
    "page",
    "refresh_token",
    "reject",
    "request",
    "resource",
    "run",
    "seaql_migrations",
    "source",
    "user",
    "version",
];

/// Longest name of a table, column or index in MySQL, in bytes.
const IDENTIFIER: usize = 64;

pub(crate) fn source(name: &str) -> Result<(), Wrong> {
    plain(name)?;
    reserved(name, "a URL of the api begins with it", &SOURCES)
}

pub(crate) fn resource(name: &str) -> Result<(), Wrong> {
    plain(name)?;
    reserved(name, "a URL of the api has it there", &RESOURCES)
}

pub(crate) fn field(name: &str) -> Result<(), Wrong> {
    plain(name)?;
    let why = "call the field otherwise and say where it is taken from with `from`";
    reserved(
        name,
        &format!("each table has such a column; {why}"),
        &ENVELOPE,
    )?;
    reserved(
        name,
        &format!("the api has such a parameter; {why}"),
        &PARAMETERS,
    )
}

/// The name of a child table.
pub(crate) fn table(name: &str) -> Result<(), Wrong> {
    plain(name)
}

/// A field of a child table.
pub(crate) fn child_field(name: &str) -> Result<(), Wrong> {
    plain(name)?;
    let why = "each child table has such a column; call the field otherwise and say where it is taken from with `from`";
    reserved(name, why, &["position", "rowno"])
}

/// Whether the table of a resource and the indexes of its fields can be called so.
pub(crate) fn fits(table: &str, field: &str) -> Result<(), Wrong> {
    index(&format!("ix_{table}__{field}"))
}

/// Whether an index can be called so.
pub(crate) fn index(name: &str) -> Result<(), Wrong> {
    if name.len() <= IDENTIFIER {
        return Ok(());
    }
    Err(Wrong::accepts(
        format!(
            "the name is too long: the index `{name}` would have {} characters",
            name.len()
        ),
        format!("at most {IDENTIFIER}; shorten the source, the resource or the field"),
    ))
}

/// Whether a table can be called so.
pub(crate) fn table_fits(name: &str) -> Result<(), Wrong> {
    if name.len() <= IDENTIFIER {
        return Ok(());
    }
    Err(Wrong::accepts(
        format!(
            "the name is too long: the table `{name}` would have {} characters",
            name.len()
        ),
        format!("at most {IDENTIFIER}; shorten the source or the resource"),
    ))
}

fn plain(name: &str) -> Result<(), Wrong> {
    let characters = name
        .bytes()
        .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
    if characters && starts && !name.contains("__") && !name.ends_with('_') {
        return Ok(());
    }
    let wrong = Wrong::accepts(
        format!("`{name}` cannot be a name"),
        "a small letter, then small letters, digits and single underscores between them",
    );
    let snake = snake_case(name);
    Err(if snake == name || snake.is_empty() {
        wrong
    } else {
        wrong.meant(snake)
    })
}

/// `AdoptionFee-2` to `adoption_fee_2`.
pub(crate) fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    let mut after_small = false;
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            if c.is_ascii_uppercase() && after_small {
                snake.push('_');
            }
            snake.push(c.to_ascii_lowercase());
        } else if !snake.is_empty() && !snake.ends_with('_') {
            snake.push('_');
        }
        after_small = c.is_ascii_lowercase() || c.is_ascii_digit();
    }
    let digits = snake
        .trim_end_matches('_')
        .trim_start_matches(|c: char| c.is_ascii_digit() || c == '_');
    digits.to_owned()
}

fn reserved(name: &str, why: &str, words: &[&str]) -> Result<(), Wrong> {
    if words.contains(&name) {
        return Err(Wrong::accepts(
            format!("`{name}` is a reserved name: {why}"),
            format!("any but {}", words.join(", ")),
        ));
    }
    Ok(())
}

/// A table that a definition would make.
pub(crate) struct Claim<'a> {
    table: String,
    /// What it is for: `cats.breeds`, `cats.breeds.temperament`.
    owner: String,
    file: &'a str,
    at: At,
}

/// The tables that the resources of `source` would make; `node` is the file's tree.
pub(crate) fn claims<'a>(file: &'a str, node: &Node, source: &Source) -> Vec<Claim<'a>> {
    let mut claims = Vec::new();
    for plan in &source.resources {
        let definition = &plan.definition;
        let at = |path: &[&str]| match node.entry(path) {
            Some(entry) => entry.at.clone(),
            None => node.nearest(path).at.clone(),
        };
        let owner = format!("{}.{}", source.name, plan.name);
        for list in definition.derived() {
            let table = definition.list_table(&list);
            claims.push(Claim {
                owner: format!("{owner}.{}", list.name),
                table,
                file,
                at: at(&["resource", &plan.name]),
            });
        }
        for field in definition.lists() {
            claims.push(Claim {
                table: definition.list_table(field),
                owner: format!("{owner}.{}", field.name),
                file,
                at: at(&["resource", &plan.name, "fields", &field.name]),
            });
        }
        for table in &definition.tables {
            claims.push(Claim {
                table: definition.child_table(table),
                owner: format!("{owner}.{}", table.name),
                file,
                at: at(&["resource", &plan.name, "tables", &table.name]),
            });
        }
        if definition.history {
            claims.push(Claim {
                table: definition.history_table(),
                owner: format!("the history of {owner}"),
                file,
                at: at(&["resource", &plan.name, "history"]),
            });
        }
        claims.push(Claim {
            table: definition.table.clone(),
            owner,
            file,
            at: at(&["resource", &plan.name]),
        });
    }
    claims
}

/// Reports tables that two would make, and those that belong to Catchment or the database.
pub(crate) fn collisions(claims: &[Claim<'_>], faults: &mut Vec<Fault>) {
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    for Claim {
        table,
        owner,
        file,
        at,
    } in claims
    {
        let wrong = if TABLES.contains(&table.as_str()) {
            Wrong::new(format!(
                "its table `{table}` would be one of Catchment's own; rename the source or the resource"
            ))
        } else if table.starts_with("sqlite_") {
            Wrong::new(format!(
                "its table `{table}` would be one of SQLite's own; rename the source"
            ))
        } else if let Some(other) = owners.insert(table, owner) {
            Wrong::new(format!(
                "its table `{table}` is also that of {other}; rename one of them"
            ))
        } else {
            continue;
        };
        faults.push(wrong.at(file, at));
    }
}

#[cfg(test)]
mod tests {
    use super::{field, resource, source};

    #[test]
    fn names_are_small_and_free() {
        for name in ["id", "order", "select", "a1", "weight_kg_max"] {
            assert!(field(name).is_ok(), "{name}");
        }
        for name in [
            "", "_a", "a_", "a__b", "1a", "A", "é", "a-b", "rowno", "sort", "payload",
        ] {
            assert!(field(name).is_err(), "{name}");
        }
        assert!(source("sync").is_err());
        assert!(source("order").is_ok());
        assert!(resource("runs").is_err());
    }

    #[test]
    fn a_wrong_name_is_offered_in_small_letters() {
        let meant = |name: &str| field(name).expect_err(name).nearest;
        assert_eq!(meant("adoptionFee").as_deref(), Some("adoption_fee"));
        assert_eq!(meant("Adoption-Fee 2").as_deref(), Some("adoption_fee_2"));
        assert_eq!(meant("1st").as_deref(), Some("st"));
        assert_eq!(meant("é"), None);
    }
}
