//! What was measured of the api.

use std::time::Duration;

use super::{Part, machine, table, thousands};
use crate::{
    api::{DEPTH, Export, Findings, Measured, PAGE, Streams},
    budget::figures,
};

/// One case's heading and tables.
pub(crate) fn case(found: &Findings) -> String {
    let records = thousands(found.records);
    let mut text = format!("### {records} records, {}\n\n", found.database.version);
    text.push_str(&comparison("bare axum", &found.bare));
    text.push_str("\nFor a caller that shows who it is, and while passwords are guessed, beside one that nobody knows, in quiet:\n\n");
    text.push_str(&comparison("unknown", &found.known));
    let depth = thousands((found.records / 2).min(DEPTH));
    text.push_str(&format!(
        "\nThe page of {PAGE} behind {depth} rows, each anew, beside the first:\n\n"
    ));
    text.push_str(&comparison("first", &found.depth));
    if let Some((version, measured)) = &found.datasette {
        text.push_str(&format!("\nBeside {version}, on the same file:\n\n"));
        text.push_str(&comparison("Datasette", measured));
    }
    text.push_str(&export(found.records, &found.export));
    text.push_str(&memory(found));
    text
}

/// All cases.
pub(crate) fn part(command: &str, cases: &[Findings]) -> Part {
    let mut text = format!("{HEAD}\n```sh\n{command}\n```\n\n{}\n", machine());
    text.push_str("\n## Missed by the api\n\n");
    let missed: Vec<String> = cases.iter().flat_map(missed).collect();
    match missed.is_empty() {
        true => text.push_str("Nothing.\n"),
        false => text.extend(missed),
    }
    text.push_str("\n## Measured of the api\n");
    for found in cases {
        text.push_str(&format!("\n{}", case(found)));
    }
    Part {
        title: "Benchmarks of the api",
        text,
    }
}

const HEAD: &str = "\
Made by the command below, in one go. The product runs as it does by default: metrics, log, request ids, compression, limits.
Each server has one core, the clients (`wrk`) the other; each pair is measured three times in turns, those of known callers
seven times, and the best of each counts. Compare the ratios: the part of the other's requests per second that is reached.

- **bare axum**: a server that answers the same bytes and headers from memory, and does nothing else.
- **kept**: an answer that was asked for before. **anew**: with `api.cache_mib = 0`, so that each is read from the database.
- **token**, **key**: the request shows an access token or an API key of a user who may read.
- **CPU**: the server's for a request; on SQLite that includes the database.
- **Datasette**: with `--datasette PROGRAM` it is measured, too, on the same SQLite file.
";

fn comparison(other: &str, measured: &[Measured]) -> String {
    let per_second = format!("{other} per s");
    let micros = format!("{other} CPU µs");
    let heads = [
        "",
        "bytes",
        "per s",
        &per_second,
        "part",
        "budget",
        "CPU µs",
        &micros,
        "p99 ms",
        "",
    ];
    let rows: Vec<Vec<String>> = measured.iter().map(row).collect();
    table(&heads, &rows)
}

fn row(measured: &Measured) -> Vec<String> {
    let (ours, theirs) = (measured.ours, measured.theirs);
    let (budget, verdict) = match measured.budget {
        Some(budget) if part_of(measured) >= budget => (format!("≥ {}", figures(budget)), "ok"),
        Some(budget) => (format!("≥ {}", figures(budget)), "MISSED"),
        None => ("-".to_owned(), ""),
    };
    vec![
        measured.name.to_owned(),
        measured.bytes.to_string(),
        figures(ours.rate),
        figures(theirs.rate),
        figures(part_of(measured)),
        budget,
        figures(micros(ours.cpu)),
        figures(micros(theirs.cpu)),
        figures(ours.p99.as_secs_f64() * 1e3),
        verdict.to_owned(),
    ]
}

fn part_of(measured: &Measured) -> f64 {
    measured.ours.rate / measured.theirs.rate
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn export(records: u64, export: &Export) -> String {
    let megabytes = (export.bytes / 1_000_000).to_string();
    let seconds = |time: Duration| figures(time.as_secs_f64());
    let part = export.bare_wall.as_secs_f64() / export.wall.as_secs_f64();
    let row = [
        format!("{} rows as NDJSON", thousands(records)),
        megabytes,
        seconds(export.wall),
        seconds(export.bare_wall),
        figures(part),
        seconds(export.cpu),
        seconds(export.bare_cpu),
        mebibytes(export.before),
        mebibytes(export.peak),
    ];
    let heads = [
        "",
        "MB",
        "wall s",
        "bare axum wall s",
        "part",
        "CPU s",
        "bare axum CPU s",
        "MiB before",
        "peak MiB",
    ];
    format!(
        "\nAn export, beside bare axum that sends as many bytes:\n\n{}",
        table(&heads, &[row.to_vec()])
    )
}

fn memory(found: &Findings) -> String {
    let Streams {
        clients,
        before,
        waiting,
        told,
        after,
    } = found.streams;
    let each = (waiting.saturating_sub(before) >> 10) / u64::from(clients);
    let rows = [
        ["idle".to_owned(), mebibytes(found.idle)],
        ["after the kept answers".to_owned(), mebibytes(found.after)],
        ["before the streams".to_owned(), mebibytes(before)],
        [
            format!("with {} streams of changes", thousands(clients.into())),
            mebibytes(waiting),
        ],
        [
            "after a change was told to each".to_owned(),
            mebibytes(told),
        ],
    ];
    format!(
        "\nMemory:\n\n{}\nA stream takes {each} KiB. All {} had a change {} s after the run that made it had ended.\n",
        table(&["", "resident MiB"], &rows.map(|row| row.to_vec())),
        thousands(clients.into()),
        figures(after.as_secs_f64()),
    )
}

fn mebibytes(bytes: u64) -> String {
    (bytes >> 20).to_string()
}

fn missed(found: &Findings) -> Vec<String> {
    let budgets = found.bare.iter().chain(&found.known).chain(&found.depth);
    let mut missed: Vec<String> = budgets
        .filter_map(|measured| {
            let budget = measured
                .budget
                .filter(|budget| part_of(measured) < *budget)?;
            Some(format!(
                "{}: {}, budget ≥ {}",
                measured.name,
                figures(part_of(measured)),
                figures(budget)
            ))
        })
        .collect();
    if found.idle >> 20 > IDLE {
        missed.push(format!("idle: {} MiB, budget ≤ {IDLE}", found.idle >> 20));
    }
    let case = format!(
        "- {} records, {}: ",
        thousands(found.records),
        found.database.version
    );
    missed
        .into_iter()
        .map(|missed| format!("{case}{missed}\n"))
        .collect()
}

/// Mebibytes that an idle api may take.
const IDLE: u64 = 40;
