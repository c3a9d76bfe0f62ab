//! What was measured of the syncer.

use std::time::Duration;

use super::{Part, machine, table, thousands};
use crate::{
    budget::{Ratio, figures},
    case::{Findings, Measured},
    child::Cost,
};

/// One case's heading and tables.
pub(crate) fn case(found: &Findings, ratios: &[Ratio]) -> String {
    let records = thousands(found.case.records);
    let lists = if found.case.lists {
        ", with a list"
    } else {
        ""
    };
    format!(
        "### {records} records, {}{lists}\n\n{}\n{}",
        found.server.version,
        measurements(found),
        verdicts(ratios),
    )
}

/// All cases.
pub(crate) fn part(command: &str, cases: &[(Findings, Vec<Ratio>)]) -> Part {
    let mut text = format!("{HEAD}\n```sh\n{command}\n```\n\n{}\n", machine());
    for server in servers(cases) {
        text.push_str(&format!("- {server}\n"));
    }
    text.push_str("\n## Missed\n\n");
    let missed: Vec<String> = cases
        .iter()
        .flat_map(|(found, ratios)| missed(found, ratios))
        .collect();
    match missed.is_empty() {
        true => text.push_str("Nothing.\n"),
        false => {
            text.extend(missed);
            text.push_str(WHY);
        }
    }
    text.push_str("\n## Measured\n");
    for (found, ratios) in cases {
        text.push_str(&format!("\n{}", case(found, ratios)));
    }
    Part {
        title: "Benchmarks of the syncer",
        text,
    }
}

const HEAD: &str = "\
Made by the command below, in one go; `bench/` says how. Every line is a process of its own. CPU is that of the process,
in user space and in the kernel; on SQLite that includes the database. Compare the ratios: seconds are those of this
machine, and wall time of whatever else it did.

- **fetch**: the same pages with a bare HTTP client, one after another, thrown away.
- **bulk load**: the same rows from the database's own machine into empty tables of the same columns and indexes:
  `LOAD DATA INFILE`, or on SQLite one `INSERT ... SELECT` with a cache of 256 MiB. The faster of two.
- **nothing**: `catchment sync` of a resource without records: what a process costs before its first record.
- **first**, **unchanged**: `catchment sync` of records of about 1 KB with nine declared fields, eight of them and the key
  indexed; **304s**: once more, when the upstream has given tags and knows them again.
";

const WHY: &str = "
What stands behind them, as profiles of these runs show:

- CPU: on a server about a third goes into handing rows over (the ORM copies a statement's values, the driver encodes them,
  then sends them), a quarter into reading and checking fields, a twelfth each into finding the records, their keys and their
  hashes. On SQLite there come the database's own commits: each page goes into the log and then into the file, in
  transactions of a mebibyte, where bulk load has one of everything and a cache for all of it.
- Wall time: rows are checked while a server waits, and it writes while they wait; only requests overlap with both.
- Memory: a record's rows wait for a commit of a mebibyte and the statements that carry it, whatever the upstream holds; at
  the end SQLite sorts each field's values for its index, in memory that does not grow with the table. What varies above that
  is glibc's, which keeps a pool of free memory for each thread: with `MALLOC_ARENA_MAX=1` in the environment the run of a
  million records into SQLite takes 36 MiB, and no more CPU.
";

fn measurements(found: &Findings) -> String {
    let bare = |name: &str, cost: Cost, server: Option<Duration>| {
        let mut cells = costs(name, cost, server);
        cells.extend(["-", "-", "-", "-"].map(str::to_owned));
        cells
    };
    let rows = [
        bare("fetch", found.fetch, None),
        bare("bulk load", found.load.cost, found.load.server_cpu),
        run("nothing", &found.nothing),
        run("first, 10,000", &found.fewer),
        run("first", &found.first),
        run("unchanged", &found.again),
        run("unchanged, 304s", &found.known),
    ];
    let heads = [
        "",
        "wall s",
        "CPU s",
        "server CPU s",
        "peak MiB",
        "requests",
        "304s",
        "MB received",
        "rows written",
    ];
    table(&heads, &rows)
}

fn run(name: &str, measured: &Measured) -> Vec<String> {
    let sync = &measured.sync;
    let mut cells = costs(name, sync.cost, measured.server_cpu);
    cells.extend([
        sync.run.requests.to_string(),
        sync.served.not_modified.to_string(),
        (sync.served.bytes / 1_000_000).to_string(),
        thousands(sync.run.written()),
    ]);
    cells
}

fn costs(name: &str, cost: Cost, server: Option<Duration>) -> Vec<String> {
    vec![
        name.to_owned(),
        figures(cost.wall.as_secs_f64()),
        figures(cost.cpu.as_secs_f64()),
        server.map_or_else(|| "-".to_owned(), |cpu| figures(cpu.as_secs_f64())),
        (cost.peak >> 20).to_string(),
    ]
}

fn verdicts(ratios: &[Ratio]) -> String {
    let rows: Vec<Vec<String>> = ratios
        .iter()
        .map(|ratio| {
            let verdict = if ratio.kept { "ok" } else { "MISSED" };
            vec![
                ratio.what.to_owned(),
                ratio.measured.clone(),
                ratio.budget.clone(),
                verdict.to_owned(),
            ]
        })
        .collect();
    table(&["", "measured", "budget", ""], &rows)
}

fn missed<'a>(found: &'a Findings, ratios: &'a [Ratio]) -> impl Iterator<Item = String> {
    let missed = ratios.iter().filter(|ratio| !ratio.kept);
    missed.map(|ratio| {
        let lists = if found.case.lists {
            ", with a list"
        } else {
            ""
        };
        format!(
            "- {} records, {}{lists}: {}: {}, budget {}\n",
            thousands(found.case.records),
            found.server.version,
            ratio.what,
            ratio.measured,
            ratio.budget,
        )
    })
}

fn servers(cases: &[(Findings, Vec<Ratio>)]) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    for (found, _) in cases {
        let server = &found.server;
        let line = match &server.settings {
            Some(settings) => format!("{}: {settings}", server.version),
            None => server.version.clone(),
        };
        if !told.contains(&line) {
            told.push(line);
        }
    }
    told
}
