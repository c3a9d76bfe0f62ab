//! The definitions that come with Catchment: what `syncer/sources` holds, in the binary.

use super::File;

/// The name of a definition's file and its text.
macro_rules! shipped {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../../sources/", $name)))),+]
    };
}

/// One for each file of `syncer/sources`, and for each a part of `doc/sources.md`.
const SHIPPED: [(&str, &str); 9] = shipped![
    "github.toml",
    "notion.toml",
    "people.toml",
    "pokeapi.toml",
    "stripe.toml",
    "thecatapi.toml",
    "thedogapi.toml",
    "titanic.toml",
    "usgs.toml",
];

/// Whether a source of that name comes with Catchment.
pub fn is_shipped(name: &str) -> bool {
    let mut names = SHIPPED.iter().map(|(path, _)| path.strip_suffix(".toml"));
    names.any(|shipped| shipped == Some(name))
}

/// The definitions that come with Catchment.
pub fn shipped() -> Vec<File> {
    let files = SHIPPED.iter().map(|(path, text)| File {
        path: (*path).to_owned(),
        text: (*text).to_owned(),
    });
    files.collect()
}
