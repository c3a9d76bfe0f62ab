//! The shipped definitions, each against a replay of the API that it describes: its paths, parameters, headers, pages and refusals.
//!
//! The data is made up. A definition runs under the name `fake` and with the replay's address, and is what is shipped otherwise.

/// `thecatapi` and `thedogapi`.
mod cats;
mod github;
mod notion;
mod pokeapi;
mod stripe;
mod usgs;

use chrono::SecondsFormat;
use entity::{
    definition::{Cell, Kind},
    dialect,
    run::Outcome,
};
use sea_orm::{
    ConnectionTrait,
    sea_query::{Alias, Expr, ExprTrait, Query},
};
use syncer::Report;

use crate::{
    upstream::Reply,
    world::{World, assert_outcome},
};

/// The text of a shipped definition, under the name that a [`World`] knows.
fn shipped(name: &str) -> String {
    let path = format!("{name}.toml");
    let mut files = syncer::source::shipped().into_iter();
    let file = files.find(|file| file.path == path);
    let text = file.expect("it is shipped").text;
    let named = format!("name     = \"{name}\"");
    assert!(text.contains(&named), "{path} has its name elsewhere");
    text.replace(&named, "name     = \"fake\"")
}

/// Runs `resource`, which must come whole.
async fn complete(world: &World, resource: &str) -> Report {
    let report = world.sync(resource).await;
    assert_outcome(&report, Outcome::Complete);
    report
}

/// Runs `resource` again, which must come whole and leave each row as it is.
async fn writes_nothing(world: &World, resource: &str) {
    let before = world.models(resource).await;
    let version = world.resource(resource).await.version;
    let report = complete(world, resource).await;
    assert!(!report.counts.changed_rows(), "{:?}", report.counts);
    assert_eq!(world.models(resource).await, before);
    assert_eq!(world.resource(resource).await.version, version);
}

/// These fields of the live rows of `resource` as their columns hold them, in the order of the rows.
async fn fields(world: &World, resource: &str, names: &[&str]) -> Vec<String> {
    let plan = world.catalog.sources[0].resource(resource);
    let definition = &plan.expect("the resource is defined").definition;
    let kind = |name: &&str| definition.field(name).expect("a field").kind;
    let columns: Vec<_> = names.iter().map(|name| (*name, kind(name))).collect();
    let live = Expr::col(Alias::new("deleted_at")).is_null();
    select(world, &definition.table, &columns, Some(live)).await
}

/// The items of a list, each behind the number of its row.
async fn items(world: &World, resource: &str, list: &str) -> Vec<String> {
    let columns = [("rowno", Kind::Integer), ("value", Kind::Text)];
    select(world, &format!("fake_{resource}__{list}"), &columns, None).await
}

/// The rows of a child table with these columns, each behind the number of its parent.
async fn children(world: &World, resource: &str, table: &str, names: &[&str]) -> Vec<String> {
    let plan = world.catalog.sources[0].resource(resource);
    let definition = &plan.expect("the resource is defined").definition;
    let mut tables = definition.tables.iter();
    let child = tables.find(|child| child.name == table).expect("a table");
    let kind = |name: &str| {
        let mut fields = child.fields.iter();
        fields
            .find(|field| field.name == name)
            .expect("a field")
            .kind
    };
    let columns = names.iter().map(|name| (*name, kind(name)));
    let columns: Vec<_> = [("rowno", Kind::Integer)]
        .into_iter()
        .chain(columns)
        .collect();
    select(world, &format!("fake_{resource}__{table}"), &columns, None).await
}

async fn select(
    world: &World,
    table: &str,
    columns: &[(&str, Kind)],
    only: Option<sea_orm::sea_query::SimpleExpr>,
) -> Vec<String> {
    let backend = world.db.get_database_backend();
    let mut query = Query::select();
    query.from(Alias::new(table));
    for (name, kind) in columns {
        query.expr(dialect::readable(
            backend,
            *kind,
            Expr::col(Alias::new(*name)),
        ));
    }
    query.order_by(Alias::new("rowno"), sea_orm::Order::Asc);
    match only {
        Some(only) => query.and_where(only),
        None => query.order_by(Alias::new("position"), sea_orm::Order::Asc),
    };
    let rows = world
        .db
        .query_all(&query)
        .await
        .expect("the table is there");
    let shown = |row: &sea_orm::QueryResult| {
        let cells = columns.iter().enumerate().map(|(at, (_, kind))| {
            let cell = dialect::read(backend, row, at, *kind).expect("a value of the kind");
            written(&cell)
        });
        cells.collect::<Vec<_>>().join(" | ")
    };
    rows.iter().map(shown).collect()
}

fn written(cell: &Cell) -> String {
    match cell {
        Cell::Null => "-".to_owned(),
        Cell::Text(text) | Cell::Decimal(text) | Cell::Json(text) => text.clone(),
        Cell::Integer(integer) => integer.to_string(),
        Cell::Float(float) => float.to_string(),
        Cell::Boolean(boolean) => boolean.to_string(),
        Cell::Timestamp(time) => time.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        Cell::Date(date) => date.to_string(),
        Cell::List(items) => items.join(", "),
    }
}

/// What was asked since this was last called, as path and query, the parameters in order of their names.
fn asked(world: &World) -> Vec<String> {
    let asked = world.upstream.asked().into_iter();
    asked
        .map(|request| {
            let query = request.query.iter();
            let query: Vec<String> = query
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            match query.is_empty() {
                true => request.path,
                false => format!("{}?{}", request.path, query.join("&")),
            }
        })
        .collect()
}

/// The answer, with these headers.
fn with(reply: Reply, headers: &[(&str, &str)]) -> Reply {
    headers
        .iter()
        .fold(reply, |reply, (name, value)| reply.with(name, value))
}
