//! The environment of the process: read here and nowhere else.

use std::{collections::BTreeMap, io::ErrorKind};

use secrecy::SecretString;

const PREFIX: &str = "CATCHMENT__";

/// The variables of a process.
#[derive(Clone, Default)]
pub(crate) struct Variables(BTreeMap<String, String>);

impl Variables {
    /// Those of this process. Empty ones count as not set, ones that are no Unicode cannot be meant for us.
    pub(crate) fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// What `${reference}` stands for: a variable's value, or with `file:` a file's content without the last line break.
    /// `None`: it is not there.
    pub(crate) fn secret(&self, reference: &str) -> Result<Option<SecretString>, String> {
        let Some(path) = reference.strip_prefix("file:") else {
            return Ok(self.get(reference).map(SecretString::from));
        };
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Some(text.trim_end_matches(['\n', '\r']).into())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Those of the sections that are named, and no secrets.
    pub(crate) fn only(&self, sections: &[&str]) -> Self {
        let is_kept = |name: &str| {
            let key = name
                .strip_prefix(PREFIX)
                .and_then(|key| key.split_once("__"));
            key.is_some_and(|(section, _)| sections.contains(&section.to_lowercase().as_str()))
        };
        let kept = self.0.iter().filter(|(name, _)| is_kept(name));
        Self(
            kept.map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        )
    }

    /// The settings among them: dotted key, the variable's name, its value.
    pub(super) fn settings(&self) -> impl Iterator<Item = (String, &str, &str)> {
        self.0.iter().filter_map(|(name, value)| {
            let key = name.strip_prefix(PREFIX)?.to_lowercase().replace("__", ".");
            Some((key, name.as_str(), value.as_str()))
        })
    }
}

impl<A: Into<String>, B: Into<String>> FromIterator<(A, B)> for Variables {
    fn from_iter<T: IntoIterator<Item = (A, B)>>(pairs: T) -> Self {
        let pairs = pairs
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()));
        Self(
            pairs
                .filter(|(_, value): &(String, String)| !value.is_empty())
                .collect(),
        )
    }
}
