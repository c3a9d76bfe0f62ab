//! What somebody may have meant who wrote a name that does not exist.

/// The one of `names` that `word` is most likely a slip of; `None` if it is like none of them. Case does not count.
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let scored = names.into_iter().map(|name| {
        let likeness = strsim::normalized_damerau_levenshtein(&word, &name.to_lowercase());
        (likeness, name)
    });
    let best = scored.max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.filter(|(likeness, _)| *likeness >= 0.6)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn only_a_likely_slip_is_suggested() {
        let names = [
            "name",
            "origin",
            "temperament__has",
            "limit",
            "api.listen",
            "path",
        ];
        let check = |word, expected| assert_eq!(nearest(word, names), expected, "{word}");
        check("orgin", Some("origin"));
        check("nmae", Some("name"));
        check("temperament_has", Some("temperament__has"));
        check("api.listn", Some("api.listen"));
        check("PATH", Some("path"));
        check("pth", Some("path"));
        check("page", None);
        check("zzz", None);
        check("", None);
    }
}
