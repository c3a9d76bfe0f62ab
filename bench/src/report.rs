//! What was measured, for people: tables that a terminal and Markdown show alike, and the document of them.

use std::{fs, time::Duration};

use testdb::Kind;

use crate::{
    api,
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

/// What the api's answers cost.
pub(crate) fn answers(found: &api::Findings) -> String {
    let rows: Vec<Vec<String>> = found.measured.iter().map(answer).collect();
    let heads = [
        "",
        "bytes",
        "per s",
        "floor per s",
        "part",
        "budget",
        "CPU µs",
        "floor CPU µs",
        "p99 ms",
        "",
    ];
    format!(
        "### {} records, {}\n\n{}\nresident: {} MiB idle, {} MiB after\n",
        thousands(found.records),
        name(found.kind),
        table(&heads, &rows),
        found.idle >> 20,
        found.after >> 20,
    )
}

fn answer(measured: &api::Measured) -> Vec<String> {
    let (ours, theirs) = (measured.ours, measured.theirs);
    let part = ours.rate / theirs.rate;
    vec![
        measured.name.to_owned(),
        measured.bytes.to_string(),
        format!("{:.0}", ours.rate),
        format!("{:.0}", theirs.rate),
        figures(part),
        format!("≥ {}", figures(measured.budget)),
        figures(ours.cpu.as_secs_f64() * 1e6),
        figures(theirs.cpu.as_secs_f64() * 1e6),
        figures(ours.p99.as_secs_f64() * 1e3),
        if part >= measured.budget {
            "ok"
        } else {
            "MISSED"
        }
        .to_owned(),
    ]
}

/// The whole document.
pub(crate) fn document(command: &str, cases: &[(Findings, Vec<Ratio>)]) -> String {
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
    text
}

const HEAD: &str = "\
# Benchmarks of the syncer

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

/// Aligned, the first column to the left and the others to the right.
fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let widest = cells.map(|cell| cell.chars().count()).max();
        widest.unwrap_or(0).max(heads[column].len()).max(3)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut line = String::from("|");
        for (column, (cell, width)) in cells.zip(&widths).enumerate() {
            line.push_str(&match column {
                0 => format!(" {cell:<width$} |"),
                _ => format!(" {cell:>width$} |"),
            });
        }
        line + "\n"
    };
    let mut text = line(&mut heads.iter().copied());
    text.push('|');
    for (column, width) in widths.iter().enumerate() {
        text.push_str(&match column {
            0 => format!(" {} |", "-".repeat(*width)),
            _ => format!(" {}: |", "-".repeat(width - 1)),
        });
    }
    text.push('\n');
    for row in rows {
        text.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    text
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

/// What it runs on, as far as the kernel tells.
fn machine() -> String {
    let value = |file: &str, name: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let mut lines = text.lines().filter_map(|line| line.split_once(':'));
        let found = lines.find(|(known, _)| known.trim() == name);
        found.map_or_else(
            || "unknown".to_owned(),
            |(_, value)| value.trim().to_owned(),
        )
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory: u64 = value("/proc/meminfo", "MemTotal")
        .trim_end_matches(" kB")
        .parse()
        .unwrap_or(0);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "- {cores} cores of {}, {} GiB; load when it ended: {}",
        value("/proc/cpuinfo", "model name"),
        memory >> 20,
        load.split(' ').next().unwrap_or("unknown"),
    )
}

/// The name by which a database is asked for.
pub(crate) fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Sqlite => "sqlite",
        Kind::MySql => "mysql",
        Kind::MariaDb => "mariadb",
    }
}

fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{table, thousands};

    #[test]
    fn a_table_is_aligned() {
        let rows = [vec!["first".to_owned(), "1.5".to_owned()]];
        let expected = "|       | wall s |\n| ----- | -----: |\n| first |    1.5 |\n";
        assert_eq!(table(&["", "wall s"], &rows), expected);
    }

    #[test]
    fn thousands_are_set_apart() {
        let check = |count, expected| assert_eq!(thousands(count), expected);
        check(0, "0");
        check(999, "999");
        check(1_000_000, "1,000,000");
    }
}
