//! The schema: the history of the platform tables, and how a resource's table is made and altered.

/// What the syncer writes.
mod m20261121_000001_platform;
/// Who may.
mod m20261121_000002_identity;
/// What reading only what changed needs to know.
mod m20261121_000003_memory;
/// From where on changes can be told.
mod m20261121_000004_horizon;
/// Who committed each version, and from where on records have a history.
mod m20261121_000005_history;
/// What logging in needs.
mod m20261122_000006_login;
/// What steers the syncers.
mod m20261122_000007_control;
/// Rows that callers write.
mod m20261122_000008_local;

/// The columns of platform tables.
mod column;

/// A resource's table, from its definition.
pub mod record_table;

use sea_orm::{DatabaseConnection, DbErr};
use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// The history of the platform tables, oldest first.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_platform::Migration),
            Box::new(m20261121_000002_identity::Migration),
            Box::new(m20261121_000003_memory::Migration),
            Box::new(m20261121_000004_horizon::Migration),
            Box::new(m20261121_000005_history::Migration),
            Box::new(m20261122_000006_login::Migration),
            Box::new(m20261122_000007_control::Migration),
            Box::new(m20261122_000008_local::Migration),
        ]
    }
}

/// Brings the platform tables up to date.
///
/// # Errors
/// The database does not answer, or refuses a statement.
pub async fn up(db: &DatabaseConnection) -> Result<(), DbErr> {
    Migrator::up(db, None).await
}

/// Undoes the newest `steps` migrations.
///
/// # Errors
/// The database does not answer, or refuses a statement.
pub async fn down(db: &DatabaseConnection, steps: u32) -> Result<(), DbErr> {
    Migrator::down(db, Some(steps)).await
}

/// The names of all migrations, oldest first, and whether each has been applied. Writes nothing.
///
/// # Errors
/// The database does not answer.
pub async fn status(db: &DatabaseConnection) -> Result<Vec<(String, bool)>, DbErr> {
    let applied = match applied(db).await {
        Ok(applied) => applied,
        // No table of applied migrations: nothing was ever applied.
        Err(_) => {
            db.ping().await?;
            Vec::new()
        }
    };
    let names = Migrator::migrations()
        .into_iter()
        .map(|migration| migration.name().to_owned());
    Ok(names
        .map(|name| {
            let is_applied = applied.contains(&name);
            (name, is_applied)
        })
        .collect())
}

async fn applied(db: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    use sea_orm::{ConnectionTrait, sea_query};
    let names = sea_query::Query::select()
        .column(sea_query::Alias::new("version"))
        .from(sea_query::Alias::new("seaql_migrations"))
        .to_owned();
    let rows = db.query_all(&names).await?;
    rows.iter().map(|row| row.try_get("", "version")).collect()
}
