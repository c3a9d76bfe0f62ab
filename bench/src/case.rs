//! One case: a database and a number of records, everything that is measured of them, one after another.

use std::{path::Path, process::Command, time::Duration};

use anyhow::ensure;
use testdb::Kind;

use crate::{
    bulk::{self, Load},
    child::{self, Cost},
    product::{ALL, FEWER, FEWER_RECORDS, NOTHING, Product, Sync, Upstream},
    server::Server,
};

/// What is measured on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub kind: Kind,
    pub records: u64,
    /// Whether a list field is stored as well.
    pub lists: bool,
}

/// What was measured.
#[derive(Debug)]
pub(crate) struct Findings {
    pub case: Case,
    pub server: Server,
    /// The pages with a bare client.
    pub fetch: Cost,
    pub load: Load,
    /// A run of a resource without records.
    pub nothing: Measured,
    /// The first run of a resource of ten thousand records.
    pub fewer: Measured,
    pub first: Measured,
    pub again: Measured,
    /// Again, of an upstream that knows its pages' tags.
    pub known: Measured,
}

/// A run, and what it cost the server.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    pub sync: Sync,
    pub server_cpu: Option<Duration>,
}

impl Case {
    pub(crate) async fn run(self, binary: &Path, upstream: &Upstream) -> anyhow::Result<Findings> {
        let database = testdb::fresh(self.kind).await;
        let server = Server::of(&database).await?;
        let product = Product::new(binary, upstream, &database.url, (self.records, self.lists))?;
        let sync = async |resource| measured(&product, &server, resource).await;

        let first = sync(ALL).await?;
        let again = sync(ALL).await?;
        upstream.tag(true).await?;
        let tags_learnt = sync(ALL).await?;
        let known = sync(ALL).await?;
        upstream.tag(false).await?;
        let fewer = sync(FEWER).await?;
        sync(NOTHING).await?;
        let nothing = sync(NOTHING).await?;
        for (run, written) in [(&first, self.records), (&fewer, FEWER_RECORDS)] {
            let inserted = run.sync.run.inserted;
            ensure!(
                inserted == written,
                "{inserted} rows were stored of {written} records"
            );
        }
        let unchanged = again.sync.run.unchanged;
        ensure!(
            unchanged == self.records,
            "{unchanged} of {} rows were compared",
            self.records
        );
        for run in [&again, &tags_learnt, &known] {
            let written = run.sync.run.written();
            ensure!(
                written == 0,
                "{written} rows were written when nothing had changed"
            );
        }
        let asked = known.sync.served;
        ensure!(
            asked.not_modified == asked.requests && asked.bytes == 0,
            "{} of {} pages were had for a 304, and {} bytes came",
            asked.not_modified,
            asked.requests,
            asked.bytes
        );
        Ok(Findings {
            case: self,
            fetch: self.fetch(upstream)?,
            load: bulk::load(&database, &format!("bench_{ALL}"), &server).await?,
            nothing,
            fewer,
            first,
            again,
            known,
            server,
        })
    }

    fn fetch(self, upstream: &Upstream) -> anyhow::Result<Cost> {
        let mut command = Command::new(std::env::current_exe()?);
        let (_, cost) = child::run(command.args(["fetch", &upstream.pages(self.records)]))?;
        Ok(cost)
    }
}

async fn measured(
    product: &Product<'_>,
    server: &Server,
    resource: &str,
) -> anyhow::Result<Measured> {
    let before = server.cpu()?;
    let sync = product.sync(resource).await?;
    let server_cpu = server
        .cpu()?
        .zip(before)
        .map(|(after, before)| after - before);
    Ok(Measured { sync, server_cpu })
}
