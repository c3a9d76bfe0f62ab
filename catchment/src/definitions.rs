//! Which definitions a process works with: the shipped ones and those of the operator's folder, as far as they run.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use entity::nearest;
use syncer::source::{
    self, Environment, Faults, File,
    plan::{Catalog, Plan, Source},
};

use crate::{
    exit::Misuse,
    settings::{Settings, Sources, Variables},
};

/// The source that runs where nobody says which.
pub(crate) const DEFAULT: &str = "thecatapi";

/// The sources that run, or everything that is wrong with the definitions.
///
/// # Errors
/// The operator's folder cannot be read, or holds no definition.
pub(crate) fn load(
    settings: &Settings,
    variables: &Variables,
) -> Result<Result<Catalog, Faults>, Misuse> {
    let (files, enabled) = chosen(&settings.sources)?;
    let secret = |reference: &str| variables.secret(reference);
    let environment = Environment {
        enabled,
        overrides: settings.overrides.0.clone(),
        secret: &secret,
    };
    Ok(source::load(&files, &environment))
}

/// The file that describes the source of that name, whether its definition has faults or not.
///
/// # Errors
/// There is none, or the operator's folder cannot be read.
pub(crate) fn describing(settings: &Settings, name: &str) -> Result<File, Misuse> {
    let (mut files, _) = chosen(&settings.sources)?;
    let named = |file: &File| -> Option<String> {
        let table: toml::Table = file.text.parse().ok()?;
        Some(table.get("source")?.get("name")?.as_str()?.to_owned())
    };
    let names: Vec<Option<String>> = files.iter().map(named).collect();
    match names
        .iter()
        .position(|known| known.as_deref() == Some(name))
    {
        Some(at) => Ok(files.swap_remove(at)),
        None => Err(Misuse(format!(
            "no definition file describes a source `{name}`; {}",
            hint(name, names.iter().flatten().map(String::as_str))
        ))),
    }
}

/// The files to read, and the sources among them that run; `None`: all.
fn chosen(sources: &Sources) -> Result<(Vec<File>, Option<BTreeSet<String>>), Misuse> {
    let own = sources.dir.as_deref().map(folder).transpose()?;
    if !sources.enabled.is_empty() {
        let enabled = sources.enabled.iter().cloned().collect();
        return Ok((beside_shipped(own.unwrap_or_default()), Some(enabled)));
    }
    match own {
        Some(own) => Ok((own, None)),
        None => Ok((
            source::shipped(),
            Some(BTreeSet::from([DEFAULT.to_owned()])),
        )),
    }
}

/// The operator's files and the shipped ones, except those that a file of the same name replaces.
fn beside_shipped(own: Vec<File>) -> Vec<File> {
    let name = |file: &File| Path::new(&file.path).file_name().map(OsStr::to_owned);
    let replaced: Vec<_> = own.iter().map(name).collect();
    let mut files = source::shipped();
    files.retain(|file| !replaced.contains(&name(file)));
    files.extend(own);
    files
}

/// The definitions in a folder, by name.
fn folder(folder: &Path) -> Result<Vec<File>, Misuse> {
    let of = |path: &Path, what: String| {
        Misuse(format!(
            "{}, named by `sources.dir`: {what}",
            path.display()
        ))
    };
    // A definition may name a folder of files beside it, whatever the working directory is.
    let mut paths = std::path::absolute(folder)
        .and_then(|folder| paths(&folder))
        .map_err(|error| of(folder, error.to_string()))?;
    paths.sort();
    if paths.is_empty() {
        return Err(of(
            folder,
            "there is no definition, *.toml, in it".to_owned(),
        ));
    }
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).map_err(|error| of(&path, error.to_string()))?;
        let path = path.display().to_string();
        Ok(File { path, text })
    };
    paths.into_iter().map(read).collect()
}

fn paths(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            paths.push(path);
        }
    }
    Ok(paths)
}

/// The source of that name.
pub(crate) fn source<'a>(catalog: &'a Catalog, name: &str) -> Result<&'a Arc<Source>, Misuse> {
    let names = catalog.sources.iter().map(|source| source.name.as_str());
    let unknown = || {
        if source::is_shipped(name) {
            return Misuse(format!(
                "the source `{name}` comes with Catchment, and is not enabled; name it in `sources.enabled`, beside {}",
                names.collect::<Vec<_>>().join(", ")
            ));
        }
        Misuse(format!(
            "there is no source `{name}` among those that run; {}",
            hint(name, names)
        ))
    };
    catalog.source(name).ok_or_else(unknown)
}

/// Says that a source is fetched from somewhere.
///
/// # Errors
/// Its rows come from callers of the api.
pub(crate) fn fetched(source: &Source) -> Result<(), Misuse> {
    if source.is_written() {
        let name = &source.name;
        return Err(Misuse(format!(
            "the source `{name}` is local: callers of the api write its rows, and nothing is fetched"
        )));
    }
    Ok(())
}

/// The resource of that name.
pub(crate) fn resource<'a>(source: &'a Source, name: &str) -> Result<&'a Arc<Plan>, Misuse> {
    let names = source.resources.iter().map(|plan| plan.name.as_str());
    let unknown = || {
        Misuse(format!(
            "source `{}` has no resource `{name}`; {}",
            source.name,
            hint(name, names)
        ))
    };
    source.resource(name).ok_or_else(unknown)
}

fn hint<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    match nearest(name, names.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("there is {}", names.join(", ")),
    }
}
