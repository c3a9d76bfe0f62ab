//! What must hold for a run to be complete, and what becomes of rows that are gone.

use super::{
    fault::Wrong,
    notation,
    plan::{DeleteHow, Deletes, Expect, Mode, Most, Page, Total},
    report::Report,
    spec::{Amount, DeleteHowSpec, DeletesSpec, ExpectSpec, ModeSpec, ResourceSpec},
};

/// What absence from a complete run means.
pub(crate) fn mode(report: &mut Report<'_>, spec: &ResourceSpec) -> Mode {
    match spec.mode {
        Some(ModeSpec::Mirror) | None => Mode::Mirror,
        Some(ModeSpec::Upsert) => Mode::Upsert,
        Some(ModeSpec::Append) => {
            append(report);
            Mode::Append
        }
    }
}

/// Reports what means nothing where no row ever goes. What comes from `[defaults]` is meant for other resources.
fn append(report: &mut Report<'_>) {
    for path in [&["deletes"][..], &["expect", "max_drop"]] {
        if report.is_own(path) {
            let wrong = Wrong::accepts(
                format!(
                    "`{}` means nothing for the mode `append`: no row ever goes",
                    path.join(".")
                ),
                "no such key, or the mode mirror or upsert",
            );
            report.wrong_key(path, wrong);
        }
    }
}

/// What must hold for a run to be complete.
pub(crate) fn expect(
    report: &mut Report<'_>,
    spec: &ExpectSpec,
    page: &Page,
    mode: Mode,
) -> Expect {
    let written = report.read(&["expect", "total"], spec.total.as_deref(), notation::total);
    let known = page.total.is_some() || report.root.has(&["page", "total"]);
    if matches!(written, Some(Total::Within(_))) && !known {
        let wrong = Wrong::accepts(
            "there is no total to compare with",
            "off, or `page.total` with the place of the total",
        );
        report.wrong(&["expect", "total"], wrong);
    }
    let default = if page.total.is_some() {
        Total::Within(0)
    } else {
        Total::Off
    };
    let max_drop = report.read(
        &["expect", "max_drop"],
        spec.max_drop.as_deref(),
        notation::share,
    );
    Expect {
        total: written.unwrap_or(default),
        min: spec.min.unwrap_or(0),
        max_drop: max_drop.filter(|_| mode != Mode::Append),
    }
}

/// What becomes of rows that are gone.
pub(crate) fn deletes(report: &mut Report<'_>, spec: &DeletesSpec, mode: Mode) -> Deletes {
    let how = match spec.how {
        _ if mode == Mode::Append => DeleteHow::Off,
        Some(DeleteHowSpec::Hard) => DeleteHow::Hard,
        Some(DeleteHowSpec::Off) => DeleteHow::Off,
        Some(DeleteHowSpec::Soft) | None => DeleteHow::Soft,
    };
    let max = spec
        .max
        .as_ref()
        .map(|max| most(report, &["deletes", "max"], max));
    let flag = report.read(
        &["deletes", "flag"],
        spec.flag.as_deref(),
        notation::pointer,
    );
    if flag.as_ref().is_some_and(|flag| flag.0.is_empty()) {
        let wrong = Wrong::accepts(
            "the whole record cannot be the mark",
            "a pointer to a member: /deleted",
        );
        report.wrong(&["deletes", "flag"], wrong);
    }
    if flag.is_some() && spec.how == Some(DeleteHowSpec::Off) {
        let wrong = Wrong::accepts(
            "it means nothing where deleted rows are left as they are",
            "`how` soft or hard beside it",
        );
        report.wrong(&["deletes", "flag"], wrong);
    }
    let values = values(report, spec);
    Deletes {
        how,
        max: max.unwrap_or(Most::Share(0.2)),
        flag: flag.filter(|_| mode != Mode::Append),
        values,
    }
}

/// The values of the flag by which the upstream marks a deletion; empty: all that say yes.
fn values(report: &mut Report<'_>, spec: &DeletesSpec) -> Vec<String> {
    let Some(values) = &spec.values else {
        return Vec::new();
    };
    let path = ["deletes", "values"];
    if spec.flag.is_none() && !report.root.has(&["deletes", "flag"]) {
        let wrong = Wrong::accepts(
            "they are the values of no member",
            "`flag`, the pointer to the member, beside it",
        );
        report.wrong_key(&path, wrong);
    } else if values.is_empty() {
        let wrong = Wrong::accepts(
            "it is empty, so that nothing would be marked",
            "one value or more, or no such key",
        );
        report.wrong(&path, wrong);
    }
    values.clone()
}

/// The most rejects and bad values.
pub(crate) fn bad_max(report: &mut Report<'_>, spec: &ResourceSpec) -> Option<Most> {
    let amount = spec.bad_max.as_ref()?;
    Some(most(report, &["bad_max"], amount))
}

fn most(report: &mut Report<'_>, path: &[&str], amount: &Amount) -> Most {
    match amount {
        Amount::Rows(rows) => Most::Rows(*rows),
        Amount::Share(text) => Most::Share(report.ok(path, notation::share(text)).unwrap_or(0.0)),
    }
}

/// Statuses that stand for an empty page.
pub(crate) fn empty_on(report: &mut Report<'_>, spec: &ResourceSpec) -> Vec<u16> {
    let mut statuses = Vec::new();
    for status in spec.status.keys() {
        match status.parse() {
            // A 429 says to wait, never that there is nothing.
            Ok(number) if number == 204 || ((400..=599).contains(&number) && number != 429) => {
                statuses.push(number);
            }
            _ => {
                let wrong = Wrong::accepts(
                    format!("`{status}` cannot stand for an empty page"),
                    "204, and 400 to 599 except 429",
                );
                report.wrong_key(&["status", status], wrong);
            }
        }
    }
    statuses
}
