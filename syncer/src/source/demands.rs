//! What must hold for a run to be complete, and what becomes of rows that are gone.

use entity::definition::Identity;

use super::{
    document::Resource,
    fault::Wrong,
    incremental, notation,
    plan::{DeleteHow, Deletes, Expect, Mode, Most, Page, Pointer, Total},
    pointing,
    report::Report,
    spec::{Amount, DeleteHowSpec, DeletesSpec, ModeSpec, ResourceSpec},
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
    resource: &Resource,
    page: &Page,
    mode: Mode,
) -> Expect {
    let spec = &resource.spec.expect;
    let max_drop = report.read(
        &["expect", "max_drop"],
        spec.max_drop.as_deref(),
        notation::share,
    );
    Expect {
        total: total(report, resource, page),
        min: spec.min.unwrap_or(0),
        max_drop: max_drop.filter(|_| mode != Mode::Append),
    }
}

/// How near the records must come to the stated total.
fn total(report: &mut Report<'_>, resource: &Resource, page: &Page) -> Total {
    let path = ["expect", "total"];
    let text = resource.spec.expect.total.as_deref();
    let written = report.read(&path, text, notation::total);
    let known = page.total.is_some() || report.root.has(&["page", "total"]);
    let within = matches!(written, Some(Total::Within(_)));
    if within && !known {
        let wrong = Wrong::accepts(
            "there is no total to compare with",
            "off, or `page.total` with the place of the total",
        );
        report.wrong(&path, wrong);
    }
    if !incremental::ends_early(resource) {
        let exact = page.total.as_ref().map(|_| Total::Within(0));
        return written.or(exact).unwrap_or(Total::Off);
    }
    // What comes from `[defaults]` is meant for other resources.
    if within && known && report.is_own(&path) {
        let wrong = Wrong::accepts(
            "a walk that ends at what is known already, newest first, never comes near the total",
            "off, or `{cursor}` in path, query, headers or body, so that the total is that of what is asked for",
        );
        report.wrong(&path, wrong);
    }
    Total::Off
}

/// What becomes of rows that are gone.
pub(crate) fn deletes(
    report: &mut Report<'_>,
    resource: &Resource,
    mode: Mode,
    identity: Identity,
) -> Deletes {
    let spec = &resource.spec.deletes;
    let how = match spec.how {
        _ if mode == Mode::Append => DeleteHow::Off,
        Some(DeleteHowSpec::Hard) => DeleteHow::Hard,
        Some(DeleteHowSpec::Off) => DeleteHow::Off,
        Some(DeleteHowSpec::Soft) | None => DeleteHow::Soft,
    };
    let max = spec.max.as_ref();
    let max = max.map(|max| most(report, &["deletes", "max"], max));
    let path = ["deletes", "flag"];
    let flag = report.read(&path, spec.flag.as_deref(), pointing::pointer);
    if let Some(flag) = &flag
        && let Err(wrong) = check_flag(flag, resource, mode, identity)
    {
        report.wrong(&path, wrong);
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

/// Whether the upstream's mark can take a row away.
fn check_flag(
    flag: &Pointer,
    resource: &Resource,
    mode: Mode,
    identity: Identity,
) -> Result<(), Wrong> {
    if flag.0.is_empty() {
        return Err(Wrong::accepts(
            "the whole record cannot be the mark",
            "a pointer to a member: /deleted",
        ));
    }
    if resource.spec.deletes.how == Some(DeleteHowSpec::Off) {
        return Err(Wrong::accepts(
            "it means nothing where deleted rows are left as they are",
            "`how` soft or hard beside it",
        ));
    }
    let tells_absence = mode == Mode::Mirror && resource.spec.cursor.is_none();
    if identity == Identity::Hash && !tells_absence && mode != Mode::Append {
        return Err(Wrong::accepts(
            "a record with the mark has other bytes than its row, which `key = \"hash\"` would not find",
            "the field or fields that identify a record as `key`",
        ));
    }
    Ok(())
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
