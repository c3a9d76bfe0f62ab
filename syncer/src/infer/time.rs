//! In which form times and dates are written.

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use entity::definition::Kind;

/// Forms of an instant beside RFC 3339.
const INSTANTS: [&str; 10] = [
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%dT%H:%M:%S%.f%z",
    "%Y-%m-%d %H:%M:%S %z",
    "%Y-%m-%dT%H:%MZ",
    "%a, %d %b %Y %H:%M:%S %z",
    "%a, %d %b %Y %H:%M:%S GMT",
];

/// Forms of a date beside `YYYY-MM-DD`.
const DATES: [&str; 5] = ["%Y/%m/%d", "%d.%m.%Y", "%Y%m%d", "%d %b %Y", "%B %d, %Y"];

/// Forms of a date that only a day after the 12th tells apart.
const SLASHED: [&str; 2] = ["%d/%m/%Y", "%m/%d/%Y"];

/// How all of `texts` are written, if they are times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Known {
        kind: Kind,
        /// `None`: the standard one.
        format: Option<&'static str>,
        note: Option<&'static str>,
    },
    /// Day and month, in an order that cannot be told.
    Ambiguous,
}

/// The form in which all of `texts` are times or dates.
pub(crate) fn form(texts: &[&str]) -> Option<Form> {
    let known = |kind, format, note| Form::Known { kind, format, note };
    let all = |fits: &dyn Fn(&str) -> bool| texts.iter().all(|text| fits(text.trim()));
    if all(&|text| DateTime::parse_from_rfc3339(text).is_ok()) {
        return Some(known(Kind::Timestamp, None, None));
    }
    if all(&|text| text.len() == 10 && NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()) {
        return Some(known(Kind::Date, None, None));
    }
    let instant = INSTANTS
        .into_iter()
        .find(|form| all(&|text| is_instant(text, form)));
    if let Some(form) = instant {
        let zoned = form.contains("%z") || form.ends_with('Z') || form.ends_with("GMT");
        let note = (!zoned).then_some("written without a zone, and taken for UTC");
        return Some(known(Kind::Timestamp, Some(form), note));
    }
    let is_date = |text: &str, form: &str| {
        let plausible = text.len() >= 8 && (form != "%Y%m%d" || text.len() == 8);
        plausible && NaiveDate::parse_from_str(text, form).is_ok()
    };
    // Eight digits are more often a number than a date.
    let dates = DATES
        .into_iter()
        .filter(|form| *form != "%Y%m%d" || texts.len() > 9);
    let date = dates
        .into_iter()
        .find(|form| all(&|text| is_date(text, form)));
    if let Some(form) = date {
        return Some(known(Kind::Date, Some(form), None));
    }
    let slashed: Vec<_> = SLASHED
        .into_iter()
        .filter(|form| all(&|text| is_date(text, form)))
        .collect();
    match slashed.as_slice() {
        [] => None,
        [form] => Some(known(Kind::Date, Some(form), None)),
        _ => Some(Form::Ambiguous),
    }
}

fn is_instant(text: &str, form: &str) -> bool {
    if form.contains("%z") {
        return DateTime::parse_from_str(text, form).is_ok();
    }
    NaiveDateTime::parse_from_str(text, form).is_ok()
}

/// The format of numbers since 1970 under a name that speaks of a time.
pub(crate) fn epoch(name: &str, numbers: &[&str]) -> Option<&'static str> {
    if !speaks_of_time(name) {
        return None;
    }
    let within = |range: std::ops::Range<f64>| {
        let values = numbers.iter().map(|number| number.parse::<f64>());
        // Some write 0 for never.
        let mut values = values
            .map(|value| value.unwrap_or(f64::NAN))
            .filter(|value| *value != 0.0)
            .peekable();
        values.peek().is_some() && values.all(|value| range.contains(&value))
    };
    // 1985 to 2065: numbers of that size are hardly anything else.
    const SECONDS: std::ops::Range<f64> = 473_000_000.0..3_000_000_000.0;
    if within(SECONDS) {
        return Some("epoch_s");
    }
    within(SECONDS.start * 1e3..SECONDS.end * 1e3).then_some("epoch_ms")
}

fn speaks_of_time(name: &str) -> bool {
    const WORDS: [&str; 24] = [
        "at",
        "on",
        "time",
        "date",
        "timestamp",
        "ts",
        "created",
        "updated",
        "modified",
        "expires",
        "expiry",
        "expiration",
        "since",
        "until",
        "published",
        "epoch",
        "started",
        "ended",
        "start",
        "end",
        "last",
        "seen",
        "deleted",
        "dt",
    ];
    let snake = crate::source::names::snake_case(name);
    snake.split('_').any(|word| WORDS.contains(&word)) || snake.ends_with("time")
}

#[cfg(test)]
mod tests {
    use entity::definition::Kind;

    use super::{Form, epoch, form};

    #[test]
    fn forms_are_told_apart() {
        let check = |texts: &[&str], expected: Option<(Kind, Option<&str>)>| {
            let found = match form(texts) {
                Some(Form::Known { kind, format, .. }) => Some((kind, format)),
                Some(Form::Ambiguous) => panic!("ambiguous: {texts:?}"),
                None => None,
            };
            assert_eq!(found, expected, "{texts:?}");
        };
        check(
            &["2026-11-21T08:00:00Z", "2026-11-21T08:00:00.5+02:00"],
            Some((Kind::Timestamp, None)),
        );
        check(&["2026-11-21"], Some((Kind::Date, None)));
        check(
            &["2026-11-21 08:00:00"],
            Some((Kind::Timestamp, Some("%Y-%m-%d %H:%M:%S"))),
        );
        check(
            &["2026-11-21T08:00:00+0000"],
            Some((Kind::Timestamp, Some("%Y-%m-%dT%H:%M:%S%z"))),
        );
        check(&["21.11.2026"], Some((Kind::Date, Some("%d.%m.%Y"))));
        check(
            &["21/11/2026", "01/02/2026"],
            Some((Kind::Date, Some("%d/%m/%Y"))),
        );
        check(&["2026-11-21", "soon"], None);
        check(&["1.10"], None);
        assert_eq!(form(&["01/02/2026"]), Some(Form::Ambiguous));
    }

    #[test]
    fn a_number_is_a_time_by_name_and_size() {
        let check = |name, numbers: &[&str], expected| {
            assert_eq!(epoch(name, numbers), expected, "{name} {numbers:?}");
        };
        check("created_at", &["1700000000", "0"], Some("epoch_s"));
        check("createdAt", &["1700000000123"], Some("epoch_ms"));
        check("views", &["1700000000"], None);
        check("updated", &["17"], None);
        check("updated", &["0"], None);
    }
}
