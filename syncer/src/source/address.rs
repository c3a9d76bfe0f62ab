//! Where an upstream is: its URL or its folder, the proxy on the way there, and other origins that it may lead to.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{
    fault::Wrong,
    template::{self, Resolved, Secrets},
};

/// Whether `base_url` is a folder of this machine.
pub(crate) fn is_folder(base_url: &str) -> bool {
    base_url.starts_with("file:")
}

/// What each path is appended to; `definition` is the path of the file that says it.
pub(crate) fn base_url(text: &str, definition: &str) -> Result<Url, Wrong> {
    const ACCEPTED: &str = "http://… or https://… with a host: https://api.example.com/v1";
    if template::has_secret(text) {
        return Err(Wrong::accepts(
            "secrets cannot stand in it, because it is shown",
            "secrets in auth, headers, query and path",
        ));
    }
    let url = if is_folder(text) {
        folder(text, definition)?
    } else {
        web(text, ACCEPTED)?
    };
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Wrong::accepts(
            format!("`{text}` holds parameters"),
            "`query` for them",
        ));
    }
    Ok(url)
}

/// The URL of a server.
pub(crate) fn web(text: &str, accepted: &str) -> Result<Url, Wrong> {
    let url = Url::parse(text)
        .map_err(|error| Wrong::accepts(format!("`{text}` is no URL: {error}"), accepted))?;
    match url.scheme() {
        "http" | "https" if !url.has_host() => {
            Err(Wrong::accepts(format!("`{text}` has no host"), accepted))
        }
        "http" | "https" if !url.username().is_empty() || url.password().is_some() => {
            Err(Wrong::accepts(
                "it holds a user's name or password",
                "`auth = { kind = \"basic\", … }` for them",
            ))
        }
        "http" | "https" => Ok(url),
        scheme => Err(Wrong::accepts(
            format!("`{scheme}:` is no scheme for it"),
            accepted,
        )),
    }
}

/// An absolute folder, or one that is relative to that of the definition.
fn folder(text: &str, definition: &str) -> Result<Url, Wrong> {
    const ACCEPTED: &str = "a folder: file:///srv/data, or file:data beside this file";
    let path = text.trim_start_matches("file:");
    let parsed = if path.starts_with('/') {
        Url::parse(text)
    } else {
        let beside = Path::new(definition)
            .parent()
            .and_then(|folder| Url::from_directory_path(folder).ok());
        let Some(beside) = beside else {
            return Err(Wrong::accepts(
                format!(
                    "`{text}` is relative to the folder of this definition, and that is not known"
                ),
                "an absolute folder: file:///srv/data",
            ));
        };
        beside.join(if path.is_empty() { "." } else { path })
    };
    let url = parsed
        .map_err(|error| Wrong::accepts(format!("`{text}` is no folder: {error}"), ACCEPTED))?;
    if url.has_host() {
        return Err(Wrong::accepts(
            format!("`{text}` is on another machine"),
            ACCEPTED,
        ));
    }
    Ok(url)
}

/// What requests go through.
pub(crate) fn proxy(text: &str, secrets: &Secrets<'_>) -> Result<SecretString, Wrong> {
    const ACCEPTED: &str = "http://… or https://… with a host: http://proxy.example.com:3128";
    let proxy = match template::secret_text(text, secrets)? {
        Resolved::Known(proxy) => proxy,
        Resolved::Missing(wrong) => return Err(wrong),
    };
    // What is wrong with it is told of the text as written, which holds no secret.
    let wrong = |why: String| Wrong::accepts(format!("`{text}` is no proxy: {why}"), ACCEPTED);
    let url = Url::parse(proxy.expose_secret()).map_err(|error| wrong(error.to_string()))?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(proxy),
        "http" | "https" => Err(wrong("it has no host".to_owned())),
        scheme if scheme.starts_with("socks") => Err(wrong("SOCKS is not spoken".to_owned())),
        _ => Err(wrong("it is no URL of a server".to_owned())),
    }
}

/// An origin: a scheme, a host and a port.
pub(crate) fn origin(text: &str) -> Result<String, Wrong> {
    const ACCEPTED: &str = "scheme, host and port alone: https://files.example.com";
    let url = web(text, ACCEPTED)?;
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        let origin = url.origin().ascii_serialization();
        return Err(
            Wrong::accepts(format!("`{text}` is more than an origin"), ACCEPTED).meant(origin),
        );
    }
    Ok(url.origin().ascii_serialization())
}
