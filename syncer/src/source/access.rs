//! The key `read`: who may read a resource in the api. The resource's own goes over that of `[defaults]`, and that over the
//! source's.

use entity::access::{Rule, Scope};

use super::{
    document::Resource,
    fault::Wrong,
    report::Report,
    spec::{Names, SourceSpec},
};

/// Who may read `resource`; `None`: its definition does not say.
pub(crate) fn of_resource(
    report: &mut Report<'_>,
    resource: &Resource,
    source: &SourceSpec,
) -> Option<Rule> {
    let own = &resource.spec.read;
    if own.is_some() {
        return rule(report, &source.name, own.as_ref());
    }
    // What is wrong with the source's is reported where that is read.
    let words = words(source.read.as_ref()?);
    Rule::of(&words).ok()
}

/// Reads the key `read` of a table; reports what is wrong with it.
pub(crate) fn rule(report: &mut Report<'_>, source: &str, written: Option<&Names>) -> Option<Rule> {
    let written = written?;
    let words = words(written);
    if words.is_empty() {
        let wrong = Wrong::accepts("nobody could read it", accepted(source));
        report.wrong(&["read"], wrong);
        return None;
    }
    let mut is_sound = true;
    for (at, word) in words.iter().enumerate() {
        let Err(wrong) = check(source, word, words.len()) else {
            continue;
        };
        is_sound = false;
        match written {
            Names::One(_) => report.wrong(&["read"], wrong),
            Names::Many(_) => report.wrong(&["read", &at.to_string()], wrong),
        }
    }
    is_sound.then(|| Rule::of(&words).ok()).flatten()
}

/// A variable holds one text: several scopes stand in it with commas.
fn words(written: &Names) -> Vec<String> {
    match written {
        Names::One(text) => {
            let words = text.split(',').map(str::trim);
            let words = words.filter(|word| !word.is_empty());
            words.map(str::to_owned).collect()
        }
        Names::Many(words) => words.clone(),
    }
}

/// One of `count` words.
fn check(source: &str, word: &str, count: usize) -> Result<(), Wrong> {
    if Rule::WORDS.contains(&word) {
        return match count {
            1 => Ok(()),
            _ => Err(Wrong::accepts(
                format!("`{word}` stands alone; beside it there is nothing to choose from"),
                "that word, or scopes",
            )),
        };
    }
    match word.parse::<Scope>() {
        Ok(_) => Ok(()),
        Err(_) => Err(Wrong {
            accepted: Some(accepted(source)),
            ..Wrong::choice(
                format!("`{word}` is neither a rule nor a scope"),
                word,
                known(source).iter().map(String::as_str),
            )
        }),
    }
}

fn accepted(source: &str) -> String {
    known(source).join(", ")
}

/// The words, and the scopes that are of use here.
fn known(source: &str) -> Vec<String> {
    let words = Rule::WORDS.into_iter().map(str::to_owned);
    let scopes = ["read", "sync", "admin"].map(str::to_owned);
    let of_source = [format!("read:{source}"), format!("read:{source}/RESOURCE")];
    words.chain(scopes).chain(of_source).collect()
}
