//! What the database itself writes down about its writers: triggers, in the writers' own transactions.
//!
//! No process can be asked what it did before it was killed, and a table seen now and then hides what happened in
//! between. All times are those of the database's clock.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};

use super::{
    market::{Key, RESOURCES},
    upstream::Upstream,
};
use crate::crash::tables::{Lines, lines};

/// A lease that changed hands.
#[derive(Clone, Debug)]
pub(super) struct Take {
    pub(super) resource: String,
    pub(super) from: String,
    pub(super) to: String,
    /// When that of the one before was to end; 0: it was given back.
    pub(super) ended: i64,
    pub(super) at: i64,
}

impl Take {
    /// Whether `process` has it now.
    pub(super) fn is_by(&self, process: u32) -> bool {
        is_of(&self.to, process)
    }

    /// Whether it was that of `process`.
    pub(super) fn is_from(&self, process: u32) -> bool {
        is_of(&self.from, process)
    }
}

/// Holders are called after their process.
fn is_of(holder: &str, process: u32) -> bool {
    holder.split('-').next() == Some(&process.to_string())
}

/// Begins to write down. The tables must be there.
pub(super) async fn begin(db: &DatabaseConnection) {
    let (id, now, dual) = match db.get_database_backend() {
        DbBackend::Sqlite => (
            "id INTEGER PRIMARY KEY",
            "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
            "",
        ),
        _ => (
            "id BIGINT PRIMARY KEY AUTO_INCREMENT",
            "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)",
            "FROM DUAL",
        ),
    };
    let mut all = vec![
        format!(
            "CREATE TABLE audit_take ({id}, resource_id INTEGER, giver TEXT, taker TEXT, rise BIGINT, ended BIGINT, at BIGINT)"
        ),
        format!(
            "CREATE TABLE audit_version ({id}, resource_id INTEGER, earlier BIGINT, later BIGINT)"
        ),
        format!("CREATE TABLE audit_row ({id}, name TEXT, record_key TEXT, what TEXT)"),
        format!(
            "CREATE TRIGGER audit_take AFTER UPDATE ON lease FOR EACH ROW BEGIN \
             INSERT INTO audit_take (resource_id, giver, taker, rise, ended, at) \
             SELECT NEW.resource_id, OLD.holder, NEW.holder, NEW.fence - OLD.fence, OLD.expires_at, {now} \
             {dual} WHERE NEW.holder <> OLD.holder OR NEW.fence <> OLD.fence; END"
        ),
        format!(
            "CREATE TRIGGER audit_version AFTER UPDATE ON resource FOR EACH ROW BEGIN \
             INSERT INTO audit_version (resource_id, earlier, later) SELECT NEW.id, OLD.version, NEW.version \
             {dual} WHERE NEW.version <> OLD.version; END"
        ),
    ];
    for name in RESOURCES {
        let note = "INSERT INTO audit_row (name, record_key, what)";
        let deleted = "OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL";
        let back = "OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL";
        all.push(format!(
            "CREATE TRIGGER audit_{name} AFTER UPDATE ON market_{name} FOR EACH ROW BEGIN \
             {note} SELECT '{name}', NEW.record_key, 'deleted' {dual} WHERE {deleted}; \
             {note} SELECT '{name}', NEW.record_key, 'back' {dual} WHERE {back}; \
             {note} SELECT '{name}', NEW.record_key, 'older' {dual} WHERE NEW.version <= OLD.version; END"
        ));
        all.push(format!(
            "CREATE TRIGGER audit_{name}_gone AFTER DELETE ON market_{name} FOR EACH ROW BEGIN \
             {note} SELECT '{name}', OLD.record_key, 'deleted' {dual}; END"
        ));
    }
    for sql in all {
        let done = db.execute_unprepared(&sql).await;
        done.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

/// Panics if a version did anything but rise by one, a row went back behind another version, or a lease changed hands
/// without a new fence or before its time.
pub(super) async fn assert_faultless(db: &DatabaseConnection, label: &str) {
    let none = [
        "SELECT * FROM audit_version WHERE later <> earlier + 1",
        "SELECT * FROM audit_row WHERE what = 'older'",
        "SELECT * FROM audit_take WHERE rise <> 1 OR ended >= at",
    ];
    for sql in none {
        assert_eq!(lines(db, sql).await, Lines::new(), "{label}: {sql}");
    }
}

/// All changes of hands, in their order for each resource.
pub(super) async fn takes(db: &DatabaseConnection) -> Vec<Take> {
    let sql = "SELECT name, giver, taker, ended, at FROM audit_take \
               JOIN resource ON resource.id = resource_id ORDER BY audit_take.id";
    let take = |line: Vec<Option<String>>| {
        let [name, giver, taker, ended, at] = line.try_into().unwrap();
        Take {
            resource: name.unwrap(),
            from: giver.unwrap(),
            to: taker.unwrap(),
            ended: ended.unwrap().parse().unwrap(),
            at: at.unwrap().parse().unwrap(),
        }
    };
    lines(db, sql).await.into_iter().map(take).collect()
}

/// Looks at the rows that went and came back since this was last done. Panics if one came back that the upstream did not
/// have; returns how many were gone for a while that it had.
pub(super) async fn hidden(db: &DatabaseConnection, upstream: &Upstream, label: &str) -> usize {
    let sql = "SELECT id, name, record_key, what FROM audit_row WHERE what <> 'older' ORDER BY id";
    let found = lines(db, sql).await;
    if let Some([Some(last), ..]) = found.last().map(Vec::as_slice) {
        let past = format!("DELETE FROM audit_row WHERE what <> 'older' AND id <= {last}");
        db.execute_unprepared(&past).await.unwrap();
    }
    upstream.market(|market| {
        let mut hidden = 0;
        for turn in found.into_iter().map(turn) {
            let Turn {
                resource,
                key,
                back,
            } = turn;
            let risen = back && market.was_never_there(resource, key);
            assert!(!risen, "{label}: {resource} {key:?} was resurrected");
            hidden += usize::from(!back && market.was_always_there(resource, key));
        }
        hidden
    })
}

/// A row that was deleted, or came back.
struct Turn {
    resource: &'static str,
    key: Key,
    back: bool,
}

fn turn(line: Vec<Option<String>>) -> Turn {
    let [_, name, key, what] = line.try_into().unwrap();
    let (name, key) = (name.unwrap(), key.unwrap());
    let number = |text: &str| -> u32 { text.parse().unwrap() };
    Turn {
        resource: RESOURCES.into_iter().find(|known| *known == name).unwrap(),
        key: match key.split_once(',') {
            Some((parent, id)) => (number(parent), number(id)),
            None => (0, number(&key)),
        },
        back: what.as_deref() == Some("back"),
    }
}

/// The processes that have a lease now.
pub(super) async fn working(db: &DatabaseConnection) -> Vec<u32> {
    let sql = format!(
        "SELECT holder FROM lease WHERE expires_at > {}",
        now(db).await
    );
    let holders = lines(db, &sql).await;
    let process = |line: &Vec<Option<String>>| line[0].as_ref()?.split('-').next()?.parse().ok();
    holders.iter().filter_map(process).collect()
}

/// The time on the database's clock, in milliseconds.
pub(super) async fn now(db: &DatabaseConnection) -> i64 {
    let sql = match db.get_database_backend() {
        DbBackend::Sqlite => "SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER) AS time",
        _ => "SELECT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED) AS time",
    };
    let found = lines(db, sql).await;
    found[0][0].as_deref().unwrap().parse().unwrap()
}
