//! On MySQL: a death before each statement that a run sends, and one after it.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, DatabaseConnection};
use testdb::{Kind, TestDb};
use url::Url;

use super::{
    PARTIAL, each,
    library::{Library, State},
    proxy::{Counts, Death, Proxy, When},
    tables::{Lines, Tables, assert_risen, assert_sound, lines, versions},
    victim::{End, Victim},
};
use crate::world::World;

const SYNC: &str = "sync library";

/// A database, its upstream, and the processes between them.
struct Site {
    library: Library,
    world: World,
    test_db: TestDb,
    db: DatabaseConnection,
}

impl Site {
    async fn new() -> Self {
        let site = Self::empty().await;
        migration::up(&site.db).await.unwrap();
        site
    }

    async fn empty() -> Self {
        let (library, world) = Library::open().await;
        let test_db = testdb::fresh(Kind::MySql).await;
        let db = entity::connect::connect(&test_db.url, 1).await.unwrap();
        let world = world.with("CATCHMENT__DATABASE__URL", &test_db.url);
        Self {
            library,
            world,
            test_db,
            db,
        }
    }

    /// One process, through a socket that counts its statements.
    async fn run(&self, arguments: &str, death: Option<Death>) -> (End, Counts) {
        let mut url = Url::parse(&self.test_db.url).unwrap();
        let server = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(3306));
        let victim = Victim::default();
        let proxy = Proxy::start(server, victim.clone(), death).await;
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(proxy.address.port())).unwrap();
        url.set_query(Some("ssl-mode=disabled"));
        let mut command = self.world.command(arguments);
        command.env("CATCHMENT__DATABASE__URL", url.as_str());
        let end = victim.run(&mut command).await;
        (end, proxy.counts())
    }

    /// Ends the leases of a process that died, as their time would.
    ///
    /// Short ones would be renewed in the middle of a run, and no two runs would send the same statements.
    async fn end_leases(&self) {
        let end = "UPDATE lease SET expires_at = 0";
        self.db.execute_unprepared(end).await.unwrap();
    }
}

/// What an undisturbed run leaves, and what it sends.
struct Undisturbed {
    state: State,
    tables: Tables,
    counts: Counts,
}

impl Undisturbed {
    async fn of(site: &Site, state: State) -> Self {
        site.library.shows(state, &site.world);
        let (end, counts) = site.run(SYNC, None).await;
        assert_eq!(end.status.code(), Some(PARTIAL), "{}", end.said);
        assert_sound(&site.db, "undisturbed").await;
        Self {
            state,
            tables: Tables::of(&site.db).await,
            counts,
        }
    }

    /// A death before each statement that is more than a question, which is one after all that stand before it; one whose
    /// process never hears that its commit went well; and one after the very last statement.
    fn deaths(&self) -> impl Iterator<Item = Vec<Death>> {
        let Counts {
            statements,
            writes,
            commits,
        } = self.counts.clone();
        let before = writes.into_iter().map(|at| (at, When::Before));
        let after = commits.into_iter().map(|at| (at, When::After));
        let all = before.chain(after).chain([(statements, When::After)]);
        all.map(|(at, when)| vec![Death { at, when }])
    }

    /// Two deaths in a row, at some pairs of statements: of the run that makes the first one good, too.
    fn deaths_in_a_row(&self) -> impl Iterator<Item = Vec<Death>> {
        let writes = &self.counts.writes;
        let firsts = writes.iter().step_by(8);
        let seconds = writes.iter().cycle().skip(writes.len() / 3).step_by(5);
        let death = |at: &usize| Death {
            at: *at,
            when: When::Before,
        };
        firsts
            .zip(seconds)
            .map(move |(first, second)| vec![death(first), death(second)])
    }
}

/// A database's life: for each of the upstream's states some deaths, and a run that makes them good. Returns how many
/// processes died.
async fn life(deaths: Vec<Vec<Death>>, undisturbed: &[Undisturbed]) -> usize {
    let site = Site::new().await;
    let mut died = 0;
    for (deaths, expected) in deaths.into_iter().zip(undisturbed) {
        let label = format!("{:?}, {deaths:?}", expected.state);
        site.library.shows(expected.state, &site.world);
        for death in deaths {
            let (end, _) = site.run(SYNC, Some(death)).await;
            died += usize::from(end.was_killed());
            site.end_leases().await;
        }
        let left = versions(&site.db).await;
        let (end, _) = site.run(SYNC, None).await;
        assert_eq!(end.status.code(), Some(PARTIAL), "{label}: {}", end.said);
        let tables = Tables::of(&site.db).await;
        tables.assert_same(&expected.tables, &label);
        assert_sound(&site.db, &label).await;
        assert_risen(&versions(&site.db).await, &left, &label);
    }
    died
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_at_any_statement_is_made_good_by_the_next_run() {
    if !testdb::kinds().contains(&Kind::MySql) {
        return;
    }
    let site = Site::new().await;
    let first = Undisturbed::of(&site, State::First).await;
    let second = Undisturbed::of(&site, State::Second).await;
    let firsts: Vec<_> = first.deaths().collect();
    let seconds: Vec<_> = second.deaths().chain(second.deaths_in_a_row()).collect();
    let length = firsts.len().max(seconds.len());
    let none = || std::iter::repeat_with(Vec::new);
    let lives = firsts
        .into_iter()
        .chain(none())
        .zip(seconds.into_iter().chain(none()));
    let lives: Vec<_> = lives
        .map(|(one, other)| vec![one, other])
        .take(length)
        .collect();
    let (planned, statements) = (
        lives.iter().flatten().flatten().count(),
        [&first, &second].map(|run| {
            (
                run.counts.statements,
                run.counts.writes.len(),
                run.counts.commits.len(),
            )
        }),
    );
    let undisturbed = Arc::new([first, second]);
    let died = each(lives.into_iter(), move |deaths| {
        let undisturbed = Arc::clone(&undisturbed);
        async move { life(deaths, &*undisturbed).await }
    });
    let died = died.await;
    eprintln!("MySQL: {died} deaths at {statements:?} statements");
    // A run that goes on after a death may end before the second one.
    assert!(died >= planned * 9 / 10, "only {died} of {planned} died");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_while_the_schema_is_made_is_made_good_by_the_next_try() {
    if !testdb::kinds().contains(&Kind::MySql) {
        return;
    }
    let undisturbed = Site::empty().await;
    let (end, counts) = undisturbed.run("migrate up", None).await;
    assert_eq!(end.status.code(), Some(0), "{}", end.said);
    let expected = Arc::new(schema(&undisturbed.db).await);
    let planned = counts.writes.len();
    let died = each(counts.writes.into_iter(), move |at| {
        let expected = Arc::clone(&expected);
        async move {
            let site = Site::empty().await;
            let death = Death {
                at,
                when: When::Before,
            };
            let (end, _) = site.run("migrate up", Some(death)).await;
            let died = end.was_killed();
            let (end, _) = site.run("migrate up", None).await;
            assert_eq!(end.status.code(), Some(0), "{death:?}: {}", end.said);
            assert_eq!(schema(&site.db).await, *expected, "{death:?}");
            usize::from(died)
        }
    });
    assert_eq!(died.await, planned);
    eprintln!("MySQL: {planned} deaths while the schema is made");
}

/// Every column and every index.
async fn schema(db: &DatabaseConnection) -> Vec<Lines> {
    let columns = "SELECT table_name, column_name, column_type, is_nullable, collation_name \
         FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY 1, 2";
    let indexes = "SELECT table_name, index_name, column_name, seq_in_index, non_unique \
         FROM information_schema.statistics WHERE table_schema = DATABASE() ORDER BY 1, 2, 4";
    let applied = "SELECT applied.version AS name FROM seaql_migrations applied ORDER BY 1";
    let mut schema = Vec::new();
    for sql in [columns, indexes, applied] {
        schema.push(lines(db, sql).await);
    }
    schema
}
