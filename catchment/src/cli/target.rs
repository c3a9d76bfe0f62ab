//! What a command is about: a source, or one of its resources.

use std::{fmt, str::FromStr};

/// `SOURCE.RESOURCE`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResourceName {
    pub source: String,
    pub resource: String,
}

/// `SOURCE` or `SOURCE.RESOURCE`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub source: String,
    pub resource: Option<String>,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)?;
        self.resource
            .iter()
            .try_for_each(|name| write!(f, ".{name}"))
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (source, resource) = match text.split_once('.') {
            Some((source, resource)) => (source, Some(resource)),
            None => (text, None),
        };
        if source.is_empty() || resource.is_some_and(|name| name.is_empty() || name.contains('.')) {
            return Err(
                "write it as `source` or `source.resource`, like thecatapi.breeds".to_owned(),
            );
        }
        Ok(Self {
            source: source.to_owned(),
            resource: resource.map(str::to_owned),
        })
    }
}

impl FromStr for ResourceName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write it as `source.resource`, like thecatapi.breeds".to_owned();
        let target: Target = text.parse().map_err(|_| wrong())?;
        let resource = target.resource.ok_or_else(wrong)?;
        Ok(Self {
            source: target.source,
            resource,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{ResourceName, Target};

    #[test]
    fn a_target_is_a_source_or_a_resource() {
        let check = |text: &str, expected: Option<(&str, Option<&str>)>| {
            let target = text.parse::<Target>().ok();
            let found = target
                .as_ref()
                .map(|target| (target.source.as_str(), target.resource.as_deref()));
            assert_eq!(found, expected, "{text}");
            let resource = text.parse::<ResourceName>().is_ok();
            assert_eq!(resource, matches!(expected, Some((_, Some(_)))), "{text}");
        };
        check("thecatapi", Some(("thecatapi", None)));
        check("thecatapi.breeds", Some(("thecatapi", Some("breeds"))));
        check("", None);
        check(".breeds", None);
        check("thecatapi.", None);
        check("a.b.c", None);
    }
}
