//! What was measured, for people: tables that a terminal and Markdown show alike, and the document of them.

mod api;
mod sync;

use std::fs;

use testdb::Kind;

pub(crate) use api::{case as answers, part as of_api};
pub(crate) use sync::{case, part as of_syncer};

/// A part of the document, which is made in one go.
pub(crate) struct Part {
    title: &'static str,
    text: String,
}

impl Part {
    /// The document with this part in it, in place of the one that it had.
    pub(crate) fn into(self, document: &str) -> String {
        let mut parts: Vec<String> = document
            .split_inclusive("\n# ")
            .map(|part| part.trim_end_matches("\n# ").trim_start_matches("# "))
            .filter(|part| !part.is_empty())
            .map(|part| format!("# {}\n", part.trim_end()))
            .collect();
        let heading = format!("# {}\n", self.title);
        let own = format!("{heading}\n{}\n", self.text.trim_end());
        match parts.iter_mut().find(|part| part.starts_with(&heading)) {
            Some(part) => *part = own,
            None => parts.push(own),
        }
        parts.join("\n")
    }
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
    use super::{Part, table, thousands};

    #[test]
    fn a_part_takes_the_place_of_the_one_before() {
        let part = |title, text: &str| Part {
            title,
            text: text.to_owned(),
        };
        let one = part("One", "first\n\n## Of it\n").into("");
        assert_eq!(one, "# One\n\nfirst\n\n## Of it\n");
        let both = part("Other", "second").into(&one);
        assert_eq!(both, format!("{one}\n# Other\n\nsecond\n"));
        let anew = part("One", "third").into(&both);
        assert_eq!(anew, "# One\n\nthird\n\n# Other\n\nsecond\n");
    }

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
