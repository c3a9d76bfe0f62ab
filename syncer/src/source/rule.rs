//! One field: its type, and the rule by which its value is taken from a record.

use chrono::format::{Item, StrftimeItems};
use entity::definition::{Decimal, Field, KINDS, Kind, KindError};
use regex::Regex;
use sha2::{Digest, Sha256};

use super::{
    fault::Wrong,
    names,
    plan::{OnBad, Pattern, Pointer, Rule, TimeFormat},
    pointing,
    report::Report,
    spec::{FieldSpec, IndexSpec, OnBadSpec},
    uses,
};

/// A field and its rule.
pub(crate) type Column = (Field, Rule);

/// Reads one field.
pub(crate) struct Reader<'r, 'a> {
    pub(crate) report: &'r mut Report<'a>,
    /// The child table that it is a field of; `None`: the resource's own.
    pub(crate) table: Option<&'r str>,
    pub(crate) name: &'r str,
    pub(crate) is_key: bool,
}

impl<'r> Reader<'r, '_> {
    /// The parent's field under another name: its member stands in front of the record's own.
    pub(crate) fn copied(&mut self, (field, rule): Column, declared: bool) -> Column {
        if declared {
            let wrong = Wrong::new(
                "it is copied from the parent and has the parent's type; remove it here",
            );
            self.report.wrong_key(&["fields", self.name], wrong);
        }
        if let Err(wrong) = names::field(self.name) {
            self.report
                .wrong_key(&["for_each", "copy", self.name], wrong);
        }
        let required = self.is_key;
        let on_bad = if self.is_key {
            OnBad::Reject
        } else {
            rule.on_bad
        };
        let rule = Rule {
            from: Pointer(vec![self.name.to_owned()]),
            required,
            on_bad,
            ..rule
        };
        (
            Field {
                name: self.name.to_owned(),
                rule: fingerprint(&rule),
                required,
                ..field
            },
            rule,
        )
    }

    /// The field that `spec` declares.
    pub(crate) fn column(&mut self, spec: &FieldSpec) -> Column {
        self.check_name();
        let kind = self.kind(spec);
        let mut found = uses::of_type(spec, kind);
        if self.is_key {
            found.extend(uses::of_key(spec, kind));
        }
        for (key, wrong) in found {
            match key {
                Some(key) => self.wrong(key, wrong),
                None => self.report.wrong(&self.path(), wrong),
            }
        }
        if self.table.is_some() && spec.index == Some(IndexSpec::CONTAINS) {
            let message = "the api does not search the rows of a table";
            self.wrong("index", Wrong::accepts(message, "true or false"));
        }
        let rule = self.rule(spec, kind);
        let field = Field {
            name: self.name.to_owned(),
            kind,
            index: match spec.index {
                None => kind.filterable(),
                Some(index) => index != IndexSpec::Whole(false),
            },
            contains: kind == Kind::Text && spec.index == Some(IndexSpec::CONTAINS),
            rule: fingerprint(&rule),
            values: rule.values.clone(),
            required: rule.required,
        };
        (field, rule)
    }

    fn check_name(&mut self) {
        let checked = match self.table {
            Some(_) => names::child_field(self.name),
            None => names::field(self.name),
        };
        if let Err(wrong) = checked {
            match self.report.root.entry(&self.path()) {
                Some(_) => self.report.wrong_key(&self.path(), wrong),
                None => self.report.wrong(&["key"], wrong),
            }
        }
    }

    fn kind(&mut self, spec: &FieldSpec) -> Kind {
        let Some(text) = &spec.kind else {
            return Kind::Text;
        };
        // `name = "text"` is short for `name = { type = "text" }`.
        let mut path = self.path();
        path.push("type");
        if !self.report.root.has(&path) {
            path.pop();
        }
        self.report.ok(&path, kind(&text.0)).unwrap_or(Kind::Text)
    }

    fn rule(&mut self, spec: &FieldSpec, kind: Kind) -> Rule {
        let from = self.from(spec, kind);
        let pattern = spec
            .pattern
            .as_deref()
            .and_then(|pattern| self.ok("match", regex(pattern)));
        let format = spec
            .format
            .as_deref()
            .and_then(|format| self.ok("format", time_format(format)));
        let min = spec
            .min
            .as_ref()
            .and_then(|min| self.ok("min", number(&min.to_text())));
        let max = spec
            .max
            .as_ref()
            .and_then(|max| self.ok("max", number(&max.to_text())));
        if min
            .as_ref()
            .zip(max.as_ref())
            .is_some_and(|(min, max)| min > max)
        {
            self.wrong("max", Wrong::new("it is below `min`"));
        }
        if spec.split.as_deref() == Some("") {
            self.wrong(
                "split",
                Wrong::accepts("it is empty", "what separates the items: \",\""),
            );
        }
        if spec.values.as_ref().is_some_and(Vec::is_empty) {
            self.wrong(
                "values",
                Wrong::accepts(
                    "it is empty, so that no value would fit",
                    "one value or more",
                ),
            );
        }
        Rule {
            from,
            pattern,
            split: spec.split.clone(),
            format: format.unwrap_or(TimeFormat::Standard),
            values: spec.values.clone().unwrap_or_default(),
            min,
            max,
            required: spec.required.unwrap_or(self.is_key),
            on_bad: match spec.on_bad {
                Some(OnBadSpec::Reject) => OnBad::Reject,
                None if self.is_key => OnBad::Reject,
                Some(OnBadSpec::Null) | None => OnBad::Null,
            },
        }
    }

    fn from(&mut self, spec: &FieldSpec, kind: Kind) -> Pointer {
        let own = || Pointer(vec![self.name.to_owned()]);
        let read = match kind {
            Kind::List => pointing::pointer_to_each,
            _ => pointing::pointer,
        };
        let from = spec.from.as_deref().map_or_else(|| Ok(own()), read);
        let from = self.ok("from", from).unwrap_or_default();
        if from.0.iter().any(|token| token == "*") && spec.split.is_some() {
            let wrong = Wrong::accepts(
                "each value at `from` is an item by itself",
                "`from` without `*`, or no `split`",
            );
            self.wrong("split", wrong);
        }
        from
    }

    /// Where the field is declared.
    fn path(&self) -> Vec<&'r str> {
        let table = self.table.map(|table| ["tables", table]);
        let table = table.iter().flatten().copied();
        table.chain(["fields", self.name]).collect()
    }

    fn ok<T>(&mut self, key: &'static str, result: Result<T, Wrong>) -> Option<T> {
        let mut path = self.path();
        path.push(key);
        self.report.ok(&path, result)
    }

    fn wrong(&mut self, key: &'static str, wrong: Wrong) {
        self.ok::<()>(key, Err(wrong));
    }
}

fn kind(text: &str) -> Result<Kind, Wrong> {
    text.parse().map_err(|error: KindError| {
        if text.starts_with("decimal(") {
            return Wrong::new(error.to_string());
        }
        Wrong::choice(format!("`{text}` is no type"), text, KINDS)
    })
}

fn regex(text: &str) -> Result<Pattern, Wrong> {
    let read = Regex::new(text).map(Pattern);
    read.map_err(|error| {
        // The last line says what is wrong; those before it draw where.
        let said = error.to_string();
        let reason = said
            .lines()
            .last()
            .unwrap_or_default()
            .trim()
            .trim_start_matches("error: ");
        Wrong::new(format!("`{text}` is no regular expression: {reason}"))
    })
}

fn number(text: &str) -> Result<Decimal, Wrong> {
    Decimal::parse(text).map_err(|error| Wrong::new(format!("`{text}`: {error}")))
}

/// How the upstream writes times.
pub(crate) fn time_format(text: &str) -> Result<TimeFormat, Wrong> {
    const ACCEPTED: &str = "standard, epoch_s, epoch_ms, a pattern such as %d.%m.%Y %H:%M";
    match text {
        "standard" => Ok(TimeFormat::Standard),
        "epoch_s" => Ok(TimeFormat::EpochSeconds),
        "epoch_ms" => Ok(TimeFormat::EpochMillis),
        _ if text.contains('%') && StrftimeItems::new(text).all(|item| item != Item::Error) => {
            Ok(TimeFormat::Pattern(text.to_owned()))
        }
        _ => Err(Wrong::accepts(
            format!("`{text}` is no format of a time"),
            ACCEPTED,
        )),
    }
}

/// Short, and another one whenever the rule reads another value out of the same record.
pub(crate) fn fingerprint(rule: &Rule) -> String {
    let pattern = rule.pattern.as_ref().map(|pattern| pattern.as_str());
    let bound = |bound: &Option<Decimal>| bound.as_ref().map(Decimal::to_string);
    short_hash(&serde_json::json!([
        rule.from.to_string(),
        pattern,
        rule.split,
        format!("{:?}", rule.format),
        rule.values,
        bound(&rule.min),
        bound(&rule.max),
        rule.required,
        rule.on_bad == OnBad::Reject,
    ]))
}

/// The first 16 hexadecimal digits of the SHA-256 of `parts`.
pub(crate) fn short_hash(parts: &serde_json::Value) -> String {
    let hash = Sha256::digest(parts.to_string());
    hash[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}
