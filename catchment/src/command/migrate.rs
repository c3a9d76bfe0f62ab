//! `catchment migrate`: applies and undoes the history of the platform tables.

use std::collections::BTreeSet;

use sea_orm::{DatabaseConnection, DbErr};
use serde::Serialize;

use super::{Call, Form};
use crate::{cli::Migrate, exit::Exit, print};

#[derive(Serialize)]
struct Document {
    migrations: Vec<Migration>,
}

#[derive(Serialize)]
struct Migration {
    name: String,
    applied: bool,
    /// Whether this command applied or undid it.
    changed: bool,
}

pub(super) async fn run(call: &Call, what: Migrate) -> anyhow::Result<Exit> {
    let db = match what {
        Migrate::Up => call.open().await?,
        Migrate::Down { .. } | Migrate::Status => call.open_existing().await?,
    };
    let before = applied(&db).await?;
    match what {
        Migrate::Up => migration::up(&db).await?,
        Migrate::Down { steps } => migration::down(&db, steps).await?,
        Migrate::Status => {}
    }
    let migrations = migration::status(&db)
        .await?
        .into_iter()
        .map(|(name, applied)| Migration {
            changed: before.contains(&name) != applied,
            name,
            applied,
        });
    let document = Document {
        migrations: migrations.collect(),
    };
    match call.form {
        Form::Json => print::json(&document)?,
        Form::Text => print::text(&document.text())?,
    }
    Ok(Exit::Done)
}

async fn applied(db: &DatabaseConnection) -> Result<BTreeSet<String>, DbErr> {
    let all = migration::status(db).await?;
    Ok(all
        .into_iter()
        .filter(|(_, applied)| *applied)
        .map(|(name, _)| name)
        .collect())
}

impl Document {
    fn text(&self) -> String {
        let lines = self.migrations.iter().map(
            |Migration {
                 name,
                 applied,
                 changed,
             }| {
                let state = match (applied, changed) {
                    (true, true) => "applied now",
                    (true, false) => "applied",
                    (false, true) => "undone",
                    (false, false) => "not applied",
                };
                format!("{state:<12} {name}\n")
            },
        );
        lines.collect()
    }
}
