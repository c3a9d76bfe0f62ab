//! A syncer as far as the database knows it: it says that it is there, runs, obeys and dies.

use std::time::Duration;

use entity::{
    command::{self, Answer, Came},
    lease, progress,
    run::{self, Counts, Mode, Outcome, Trigger},
    syncer,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, prelude::Expr};

use crate::world::World;

const HOUR: Duration = Duration::from_secs(3600);
const NAME: &str = "host-1";

pub(crate) struct Syncer<'a>(pub(crate) &'a World);

impl Syncer<'_> {
    /// It is there, for the source that its resources are of.
    pub(crate) async fn is_there(&self) {
        self.one_is_there(NAME, &["cats"]).await;
    }

    /// Another one is there, for these sources.
    pub(crate) async fn one_is_there(&self, name: &str, sources: &[&str]) {
        let alive = syncer::Alive {
            process: name.to_owned(),
            host: "host".to_owned(),
            version: "1".to_owned(),
            started_at: self.0.now(),
            sources: sources.iter().map(|name| (*name).to_owned()).collect(),
        };
        let told = syncer::Entity::is_there(&self.0.db, &alive, HOUR).await;
        told.expect("it is written down");
    }

    /// It begins a run, and has read 3 pages of 12.
    pub(crate) async fn runs(&self, resource_id: i32) -> i64 {
        let (db, now) = (&self.0.db, self.0.now());
        let held = lease::Entity::take(db, resource_id, NAME, HOUR).await;
        assert!(held.expect("the database answers").is_some());
        let opening = run::Opening {
            resource_id,
            trigger: Trigger::Schedule,
            mode: Mode::Incremental,
            command_id: None,
            at: now,
            resumed_from: None,
        };
        let id = run::Entity::open(db, opening).await.expect("a run");
        let counts = Counts {
            fetched: 300,
            pages: 3,
            ..Counts::default()
        };
        let row = progress::Model {
            resource_id,
            run_id: id,
            holder: NAME.to_owned(),
            pages: 3,
            pages_expected: Some(12),
            counts: serde_json::to_string(&counts).expect("JSON"),
            rate: Some(30.0),
            seconds_left: Some(30),
            started_at: now,
            updated_at: now,
        };
        let begun = progress::Entity::begin(db, row).await;
        begun.expect("it is written down");
        id
    }

    /// Its run ends.
    pub(crate) async fn ends(&self, resource_id: i32, run: i64, outcome: Outcome) {
        let db = &self.0.db;
        let ending = run::Ending {
            outcome,
            at: self.0.now(),
            counts: Counts {
                fetched: 7,
                ..Counts::default()
            },
            error: (outcome != Outcome::Complete).then(|| "the upstream is gone".to_owned()),
        };
        let closed = run::Entity::close(db, run, ending).await;
        closed.expect("it is written down");
        let ended = progress::Entity::end(db, resource_id, run).await;
        ended.expect("it is written down");
    }

    /// It takes a command.
    pub(crate) async fn takes(&self, id: i64) -> command::Taken {
        let taken = command::Entity::take(&self.0.db, id, NAME, (HOUR, self.0.now())).await;
        taken.expect("the database answers").expect("it is free")
    }

    /// It has obeyed a command.
    pub(crate) async fn obeys(&self, id: i64, run: i64) {
        let taken = self.takes(id).await;
        let answer = Answer {
            outcome: Came::Complete,
            run: Some(run),
            error: None,
        };
        let done = command::Entity::done(&self.0.db, &taken, &answer, self.0.now()).await;
        assert!(done.expect("the database answers"));
    }

    /// It is killed, and nobody has heard of it for longer than its leases last.
    pub(crate) async fn dies(&self) {
        let db = &self.0.db;
        let over = lease::Entity::update_many()
            .col_expr(lease::Column::ExpiresAt, Expr::value(1_i64))
            .filter(lease::Column::Holder.eq(NAME));
        over.exec(db).await.expect("it is written down");
        let unseen =
            syncer::Entity::update_many().col_expr(syncer::Column::SeenUntil, Expr::value(1_i64));
        unseen.exec(db).await.expect("it is written down");
    }
}
