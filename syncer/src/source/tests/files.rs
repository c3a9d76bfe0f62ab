//! Sources that are a folder of files.

use super::{cats, check, environment, file};
use crate::source::load;

/// A definition of a folder without faults; `source` and `resource` are what more it says.
fn folder(source: &str, resource: &str) -> String {
    let base = format!("\"file:///srv/data\"\n{source}");
    cats(resource).replace("\"https://cats.example/v1\"", &base)
}

#[test]
fn a_folder_of_files_is_absolute_or_beside_the_definition() {
    let folder = |url: &str, path: &str| {
        let text = cats("").replace("https://cats.example/v1", url);
        let catalog = load(&[file(path, &text)], &environment());
        catalog.expect("no faults").sources[0].base_url.to_string()
    };
    let beside = |url: &str| folder(url, "/etc/catchment/sources/a.toml");
    assert_eq!(folder("file:///srv/data", "a.toml"), "file:///srv/data");
    assert_eq!(folder("file:/srv/data", "a.toml"), "file:///srv/data");
    assert_eq!(
        beside("file:my data"),
        "file:///etc/catchment/sources/my%20data"
    );
    assert_eq!(beside("file:../data"), "file:///etc/catchment/data");
    assert_eq!(beside("file:"), "file:///etc/catchment/sources/");
}

#[test]
fn places_of_folders() {
    let base = |url: &str, said: &str| {
        check(
            &cats("").replace("\"https://cats.example/v1\"", &format!("¦'{url}'")),
            said,
        );
    };
    base(
        "file:data",
        "source.base_url: `file:data` is relative to the folder of this definition … file:///srv/data",
    );
    base("file://nas/data", "`file://nas/data` is on another machine");
    base("file:///data?a=1", "holds parameters");
}

#[test]
fn what_only_requests_have() {
    let said = |key: &str| {
        format!("`{key}` means nothing for files, which are read without a request … http or https")
    };
    for line in [
        "auth = { kind = 'none' }",
        "headers = { a = 'x' }",
        "query = { a = 'x' }",
        "timeout = '5s'",
        "proxy = 'http://proxy.example'",
        "limits = { rate = '3/s' }",
        "retry = { attempts = 2 }",
    ] {
        let key = line.split(' ').next().expect("a key");
        check(&folder(&format!("¦{line}"), ""), &said(key));
    }
    for line in [
        "method = 'POST'",
        "headers = { a = 'x' }",
        "query = { a = 'x' }",
        "status = { 404 = 'empty' }",
    ] {
        let key = line.split(' ').next().expect("a key");
        check(&folder("", &format!("¦{line}")), &said(key));
    }
    let paged = folder("", "").replace("\"none\"", "¦'page', param = 'p', start = 1");
    check(
        &paged,
        "page.kind: a file is read as a whole … accepted: none",
    );
}
