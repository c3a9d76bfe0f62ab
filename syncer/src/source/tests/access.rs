//! Who may read a resource: by its own key, the defaults, the source; and what is no rule.

use super::{
    Environment, breeds, cats, check, environment, faults_of, file, in_resource, in_source, load,
    source, with_source,
};

fn words(text: &str) -> Vec<String> {
    let read = breeds(text).definition.read.clone();
    read.map_or_else(Vec::new, |rule| rule.words())
}

#[test]
fn the_resources_own_rule_goes_over_the_defaults_and_those_over_the_sources() {
    let text = |of_source: &str, of_defaults: &str, own: &str| {
        let text = with_source(of_source) + "\n" + own;
        text.replace(
            "[resource",
            &format!("[defaults]\n{of_defaults}\n[resource"),
        )
    };
    let check = |of_source: &str, of_defaults: &str, own: &str, expected: &[&str]| {
        assert_eq!(words(&text(of_source, of_defaults, own)), expected);
    };
    let [nobody, all, known] = ["", "read = 'public'", "read = 'authenticated'"];
    check(nobody, nobody, nobody, &[]);
    check(known, nobody, nobody, &["authenticated"]);
    check(known, all, nobody, &["public"]);
    check(nobody, known, all, &["public"]);
    check(all, nobody, known, &["authenticated"]);
    let scopes = "read = ['sync', 'read:cats/breeds']";
    check(known, all, scopes, &["read:cats/breeds", "sync"]);
    check(nobody, nobody, "read = 'admin'", &["admin"]);
}

#[test]
fn a_rule_is_no_part_of_what_the_upstream_is_asked_for() {
    let [with, without] = ["read = 'admin'", ""].map(|line| breeds(&cats(line)));
    assert_eq!(with.fingerprint, without.fingerprint);
}

#[test]
fn what_is_no_rule_is_told_with_the_nearest() {
    in_source(
        "read = ¦'publik'",
        "source.read: `publik` is neither a rule nor a scope … accepted: public, authenticated, read, sync, admin, \
         read:cats, read:cats/RESOURCE … did you mean `public`?",
    );
    in_resource("read = ¦'reed:cats'", "did you mean `read:cats`?");
    in_resource(
        "read = ['sync', ¦'syn']",
        "`syn` is neither … did you mean `sync`?",
    );
    in_resource("read = ['sync', ¦'public']", "`public` stands alone");
    in_resource("read = ¦[]", "nobody could read it … accepted: public");
    in_resource(
        "read = ¦true",
        "wrong type: this is a boolean … a text, an array",
    );
    check(
        &cats("").replace("[resource", "[defaults]\nread = ¦'x'\n[resource"),
        "defaults.read: `x` is neither",
    );
}

#[test]
fn a_variable_says_who_may_read_a_source() {
    let of = |text: &str| Environment {
        overrides: [(
            "cats".to_owned(),
            format!("read = '{text}'").parse().expect("TOML"),
        )]
        .into(),
        ..environment()
    };
    let check = |text: &str, expected: &[&str]| {
        let files = [file("a.toml", &with_source("read = 'public'"))];
        let catalog = load(&files, &of(text)).expect("no faults");
        let breeds = catalog.sources[0].resource("breeds").expect("breeds");
        let rule = breeds.definition.read.clone().expect("a rule");
        assert_eq!(rule.words(), expected, "{text}");
    };
    check("authenticated", &["authenticated"]);
    check("read:cats, sync", &["read:cats", "sync"]);
    let wrong = faults_of(&[file("a.toml", &cats(""))], &of("authentic"));
    let [fault] = wrong.0.as_slice() else {
        panic!("{wrong}");
    };
    assert_eq!(fault.key, "source.cats.read");
    assert_eq!(fault.nearest.as_deref(), Some("authenticated"));
    assert_eq!(source(&cats("")).resources[0].definition.read, None);
}
