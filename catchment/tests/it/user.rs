//! `catchment user`, `key`, `signing-key`: who may, from the command line.

use std::{io::Write, process::Stdio};

use serde_json::Value;

use crate::world::{Output, World};

pub(crate) const PASSWORD: &str = "walrus on a bicycle\n";

fn with_schema() -> World {
    let world = World::new()
        .with("CATCHMENT__AUTH__ARGON2_MEMORY", "8")
        .with("CATCHMENT__AUTH__ARGON2_ITERATIONS", "1");
    assert_eq!(world.run("migrate up").code, Some(0));
    world
}

/// Runs a command that reads `input`.
pub(crate) fn told(world: &World, arguments: &str, input: &str) -> Output {
    let mut command = world.command(arguments);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    // A command that is refused before it reads may be gone.
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    Output {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn a_user_is_made_listed_and_removed() {
    let world = with_schema();
    assert!(world.run("user list").stdout.starts_with("no users"));
    let made = told(
        &world,
        "user add Anna --role admin --email anna@example.org",
        PASSWORD,
    );
    assert_eq!(
        (made.code, made.stdout.as_str()),
        (Some(0), "anna is made, with role admin\n"),
        "{}",
        made.stderr
    );
    let taken = told(&world, "user add anna", PASSWORD);
    assert_eq!(taken.code, Some(1));
    assert!(taken.stderr.contains("another user's"), "{}", taken.stderr);
    let listed = world.run("user list --json").json();
    assert_eq!(listed["users"][0]["email"], "anna@example.org", "{listed}");
    assert!(!listed.to_string().contains("argon2"), "{listed}");
    let changed = told(
        &world,
        "user passwd anna@example.org",
        "a narwhal in a canoe\n",
    );
    assert_eq!(changed.code, Some(0), "{}", changed.stderr);
    assert_eq!(world.run("user remove anna").stdout, "anna is removed\n");
    assert_eq!(world.run("user remove anna").code, Some(1));
}

#[test]
fn all_that_is_wrong_with_a_user_is_told_at_once() {
    let world = with_schema();
    let refused = told(&world, "user add no/name --email x", "password\n");
    assert_eq!(refused.code, Some(2));
    for fault in ["a name has", "e-mail address", "at least 12", "tries first"] {
        assert!(
            refused.stderr.contains(fault),
            "{fault}: {}",
            refused.stderr
        );
    }
    assert!(!refused.stderr.contains("password\n"), "{}", refused.stderr);
    let role = told(&world, "user add anna --role raeder", PASSWORD);
    assert_eq!(role.code, Some(2));
    assert!(
        role.stderr.contains("did you mean `reader`"),
        "{}",
        role.stderr
    );
}

#[test]
fn a_key_is_shown_once_and_revoked_by_its_beginning() {
    let world = with_schema();
    told(&world, "user add anna", PASSWORD);
    let made = world.run("key create reports --user anna --scope read:cats,read:dogs --json");
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let made: Value = made.json();
    let (key, prefix) = (
        made["key"].as_str().unwrap(),
        made["prefix"].as_str().unwrap(),
    );
    assert!(
        key.starts_with(prefix) && prefix.starts_with("ctm_"),
        "{made}"
    );
    let listed = world.run("key list --user anna");
    assert!(
        listed.stdout.contains("read:cats read:dogs") && !listed.stdout.contains(key),
        "{}",
        listed.stdout
    );
    let beyond = world.run("key create more --user anna --scope sync");
    assert_eq!(beyond.code, Some(2));
    assert!(
        beyond.stderr.contains("more than `anna` may do"),
        "{}",
        beyond.stderr
    );
    let revoke = format!("key revoke {prefix}");
    assert_eq!(world.run(&revoke).code, Some(0));
    assert_eq!(world.run(&revoke).code, Some(1));
    assert_eq!(
        world.run("key list --user anna").stdout,
        "anna has no keys\n"
    );
}

#[test]
fn the_signing_key_is_rotated_unless_the_settings_name_it() {
    let world = with_schema();
    let first = world.run("signing-key rotate --json").json();
    let second = world.run("signing-key rotate --now --json").json();
    assert!(
        first["kid"].as_str().unwrap().starts_with("ctm-"),
        "{first}"
    );
    assert_ne!(first["kid"], second["kid"]);
    let pem = "-----BEGIN PRIVATE KEY-----\n\
               MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
               -----END PRIVATE KEY-----\n";
    let path = world.file("key.pem", pem);
    let world = world.with(
        "CATCHMENT__AUTH__SIGNING_KEY",
        &format!("${{file:{}}}", path.display()),
    );
    assert_eq!(world.run("signing-key rotate").code, Some(2));
    let world = world.with("CATCHMENT__AUTH__SIGNING_KEY", "a secret that is none");
    let wrong = world.run("signing-key rotate");
    assert_eq!(wrong.code, Some(2));
    assert!(
        wrong.stderr.contains("Ed25519") && !wrong.stderr.contains("that is none"),
        "{}",
        wrong.stderr
    );
}
