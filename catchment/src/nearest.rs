//! What somebody may have meant who wrote a name that does not exist.

/// The candidate that is most like `word`; `None` if none is.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let scored = candidates
        .into_iter()
        .map(|name| (strsim::jaro_winkler(word, name), name));
    let best = scored.max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.filter(|(score, _)| *score > 0.8).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_typo_finds_its_name_and_noise_finds_nothing() {
        let check = |word, expected| {
            assert_eq!(
                nearest(word, ["api.listen", "log.level"]),
                expected,
                "{word}"
            );
        };
        check("api.listn", Some("api.listen"));
        check("log_level", Some("log.level"));
        check("zzz", None);
    }
}
