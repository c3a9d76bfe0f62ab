//! A database, and the processes that mirror the market into it.

use std::{
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use sea_orm::DatabaseConnection;
use testdb::{Kind, TestDb};

use super::upstream::Upstream;
use crate::{
    crash::victim::{End, Victim},
    world::World,
};

pub(super) struct Site {
    pub(super) db: DatabaseConnection,
    world: World,
    processes: AtomicU32,
    /// Goes with its file or schema.
    _test_db: TestDb,
}

impl Site {
    /// A database with a schema, and a first run of each resource. `number` is the site's own: processes are numbered
    /// from there.
    pub(super) async fn open(
        kind: Kind,
        upstream: &Upstream,
        lease: Duration,
        number: u32,
    ) -> Self {
        let test_db = testdb::fresh(kind).await;
        let db = entity::connect::connect(&test_db.url, 2).await.unwrap();
        migration::up(&db).await.unwrap();
        let world = World::new()
            .with("CATCHMENT__DATABASE__URL", &test_db.url)
            .with("CATCHMENT__SOURCES__DIR", "sources")
            .with("CATCHMENT__SOURCE__MARKET__BASE_URL", &upstream.url)
            .with(
                "CATCHMENT__SYNCER__LEASE",
                &format!("{}ms", lease.as_millis()),
            )
            .with("CATCHMENT__LOG__LEVEL", "warn");
        world.file("sources/market.toml", include_str!("market.toml"));
        let site = Self {
            db,
            world,
            processes: AtomicU32::new(number * 1_000_000),
            _test_db: test_db,
        };
        site.sync_all("the first run").await;
        site
    }

    /// A process yet to be started, and the number that it will give to the upstream.
    pub(super) fn command(&self, arguments: &str) -> (Command, u32) {
        let number = self.processes.fetch_add(1, Ordering::Relaxed);
        let mut command = self.world.command(arguments);
        command.env("PROCESS", number.to_string());
        (command, number)
    }

    /// Runs every resource to its end, and panics unless all are complete.
    pub(super) async fn sync_all(&self, label: &str) {
        let end = self.sync().await;
        assert_eq!(end.status.code(), Some(0), "{label}: {}", end.said);
    }

    pub(super) async fn sync(&self) -> End {
        let (mut command, _) = self.command("sync market");
        Victim::default().run(&mut command).await
    }
}
