//! Templates: `{parent.id}`, `{cursor}`, `{run.started}`, and the secrets in them.

mod piece;
mod secret;

pub use self::secret::Secrets;
pub(crate) use self::secret::{
    Resolved, has_secret, lacks_secret, secret_file, secret_text, secrets_in,
};
use self::{
    piece::{Piece, pieces},
    secret::{missing, secret},
};
use super::{
    fault::Wrong,
    plan::{Segment, Template},
};

/// What a template may name.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) secrets: &'a Secrets<'a>,
    /// The fields of the parent, if there is one.
    pub(crate) parent: Option<&'a [String]>,
    /// What the resource's `cursor` gives, if there is one.
    pub(crate) cursor: Option<Bounds>,
}

/// Which bounds of what is asked for are known in each run.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    /// The cursor has a `start`.
    pub(crate) from: bool,
    /// The cursor has a `window`.
    pub(crate) until: bool,
}

impl<'a> Scope<'a> {
    /// That of a template outside of resources.
    pub(crate) fn of_source(secrets: &'a Secrets<'a>) -> Self {
        Self {
            secrets,
            parent: None,
            cursor: None,
        }
    }
}

/// Reads a template.
pub(crate) fn template(text: &str, scope: &Scope<'_>) -> Result<Template, Wrong> {
    let mut segments = Vec::new();
    for piece in pieces(text)? {
        segments.push(match piece {
            Piece::Text(text) => Segment::Text(text),
            Piece::Secret(name) => {
                Segment::Secret(secret(name, scope.secrets)?.ok_or_else(|| missing(name))?)
            }
            Piece::Placeholder(name) => placeholder(name, scope)?,
        });
    }
    Ok(Template(segments))
}

/// Whether `text` names the placeholder `name`; so does one that is no template, which is reported as such.
pub(crate) fn names(text: &str, name: &str) -> bool {
    let is_it = |piece: &Piece<'_>| matches!(piece, Piece::Placeholder(one) if *one == name);
    pieces(text).map_or(true, |pieces| pieces.iter().any(is_it))
}

/// The fields that `{parent.…}` names in `text`.
pub(crate) fn parents_in(text: &str) -> Vec<String> {
    let field = |piece: Piece<'_>| match piece {
        Piece::Placeholder(name) => name.strip_prefix("parent.").map(str::to_owned),
        Piece::Text(_) | Piece::Secret(_) => None,
    };
    pieces(text)
        .map(|pieces| pieces.into_iter().filter_map(field).collect())
        .unwrap_or_default()
}

fn placeholder(name: &str, scope: &Scope<'_>) -> Result<Segment, Wrong> {
    let written = format!("`{{{name}}}`");
    let known: Vec<String> = scope
        .parent
        .unwrap_or(&[])
        .iter()
        .map(|field| format!("parent.{field}"))
        .collect();
    match (name, name.strip_prefix("parent.")) {
        ("run.started", _) => Ok(Segment::RunStarted),
        ("cursor" | "cursor.until", _) => bound(name, scope.cursor),
        (_, Some(_)) if scope.parent.is_none() => Err(Wrong::accepts(
            format!("{written} needs a parent, and there is no `for_each`"),
            "{run.started}",
        )),
        (_, Some(field)) if known.iter().any(|one| one == name) => {
            Ok(Segment::Parent(field.to_owned()))
        }
        _ => {
            let bounds = ["cursor", "cursor.until"].into_iter();
            let bounds = bounds.filter(|name| bound(name, scope.cursor).is_ok());
            let candidates = known.iter().map(String::as_str);
            let candidates = candidates.chain(bounds).chain(["run.started"]);
            Err(Wrong::choice(
                format!("{written} is not known here"),
                name,
                candidates,
            ))
        }
    }
}

/// `{cursor}` or `{cursor.until}`.
fn bound(name: &str, bounds: Option<Bounds>) -> Result<Segment, Wrong> {
    match (name, bounds) {
        (_, None) => Err(Wrong::accepts(
            format!("`{{{name}}}` needs incremental reading, and there is no `cursor`"),
            "`cursor = { field = \"/updated_at\", start = \"2020-01-01\" }` in the resource",
        )),
        ("cursor", Some(Bounds { from: true, .. })) => Ok(Segment::Cursor),
        ("cursor", _) => Err(Wrong::accepts(
            "`{cursor}` has no value in the first run, which has nothing to go on from, and in each full one",
            "`cursor.start`: where the upstream's records begin",
        )),
        (_, Some(Bounds { until: true, .. })) => Ok(Segment::CursorUntil),
        _ => Err(Wrong::accepts(
            "`{cursor.until}` is the end of a window, and there is no `cursor.window`",
            "`cursor.window`: the longest span to ask for at once",
        )),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::SecretString;

    use super::*;
    use crate::source::plan::Values;

    fn secrets(name: &str) -> Result<Option<SecretString>, String> {
        match name {
            "KEY" => Ok(Some("s3cret".into())),
            "EMPTY" => Ok(Some("".into())),
            "file:/locked" => Err("permission denied".to_owned()),
            _ => Ok(None),
        }
    }

    fn scope(parent: Option<&[String]>) -> Scope<'_> {
        Scope {
            parent,
            ..Scope::of_source(&secrets)
        }
    }

    #[test]
    fn a_template_is_filled() {
        let check = |text: &str, expected: &str| {
            let fields = ["id".to_owned()];
            let template = template(text, &scope(Some(&fields))).expect(text);
            let values = Values {
                parent: [("id".to_owned(), "a b".to_owned())].into(),
                run_started: "now".to_owned(),
                ..Values::default()
            };
            assert_eq!(
                template.fill(&values, |value| value.replace(' ', "%20")),
                expected
            );
        };
        check("", "");
        check("/x", "/x");
        check("/x/{parent.id}/y", "/x/a%20b/y");
        check("Token ${KEY}", "Token s3cret");
        check("{run.started}", "now");
        check("{{x}} ${{KEY}}", "{x} ${KEY}");
        check("100$", "100$");
    }

    #[test]
    fn a_wrong_template_says_what_is_right() {
        let check = |text: &str, parent: Option<&[String]>, part: &str| {
            let wrong = template(text, &scope(parent)).expect_err(text);
            assert!(wrong.message.contains(part), "{text}: {}", wrong.message);
            wrong
        };
        let fields = ["id".to_owned(), "name".to_owned()];
        assert_eq!(
            check("{parent.names}", Some(&fields), "not known here")
                .nearest
                .as_deref(),
            Some("parent.name")
        );
        assert_eq!(
            check("{x}", Some(&fields), "not known here")
                .accepted
                .as_deref(),
            Some("parent.id, parent.name, run.started")
        );
        check("{parent.id}", None, "needs a parent");
        check("{cursor}", None, "there is no `cursor`");
        check("a}b", None, "single brace");
        check("{a", None, "single brace");
        check("${a-b}", None, "is no secret");
        check("${file:relative}", None, "is no secret");
        check("${NONE}", None, "the variable `NONE` is missing");
        check("${EMPTY}", None, "the variable `EMPTY` is missing");
        check("${file:/none}", None, "the secret file `/none` is missing");
        check("${file:/locked}", None, "permission denied");
    }

    #[test]
    fn a_secret_shows_in_no_debug_output() {
        let template = template("Token ${KEY}", &scope(None)).expect("a template");
        assert_eq!(format!("{template:?}"), r#"Template(["Token ", [secret]])"#);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a${}.é:/]{0,12}") {
            prop_assert!(template(&text, &scope(None)).is_ok() || !text.is_empty());
        }
    }
}
