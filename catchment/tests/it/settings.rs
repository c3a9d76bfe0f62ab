//! Settings as a shell and a folder give them, and what wrong use is worth.

use crate::world::World;

#[test]
fn a_settings_file_is_read_and_a_variable_goes_before_it() {
    let world = World::new();
    world.file("catchment.toml", "[database]\nurl = 'sqlite://file.db'\n");
    assert_eq!(world.run("migrate up").code, Some(0));
    assert!(world.path("file.db").exists());
    let world = world.with("CATCHMENT__DATABASE__URL", "sqlite://variable.db");
    assert_eq!(world.run("migrate up").code, Some(0));
    assert!(world.path("variable.db").exists());
}

#[test]
fn a_settings_file_can_be_named_and_must_then_be_there() {
    let world = World::new();
    world.file("other.toml", "[database]\nurl = 'sqlite://other.db'\n");
    assert_eq!(world.run("migrate up --settings other.toml").code, Some(0));
    assert!(world.path("other.db").exists());
    let missing = world.run("status --settings missing.toml");
    assert_eq!(missing.code, Some(2));
    assert!(
        missing.stderr.contains("missing.toml"),
        "{}",
        missing.stderr
    );
}

#[test]
fn wrong_use_ends_with_2() {
    let world = World::new();
    for command in [
        "",
        "nonsense",
        "sample thecatapi",
        "sync a.b.c",
        "runs --limit 0",
        "migrate",
    ] {
        assert_eq!(world.run(command).code, Some(2), "{command}");
    }
    world.file("catchment.toml", "[api]\nlistn = 1\n");
    let faulty = world.run("status");
    assert_eq!(faulty.code, Some(2));
    assert!(
        faulty.stderr.contains("did you mean `api.listen`?"),
        "{}",
        faulty.stderr
    );
}

#[test]
fn the_manual_is_printed_whatever_the_settings_are() {
    let world = World::new();
    world.file("catchment.toml", "faulty");
    let manual = world.run("settings");
    assert_eq!(manual.code, Some(0));
    assert_eq!(
        manual.stdout,
        include_str!("../../src/settings.default.toml")
    );
    let document = world.run("settings --json").json();
    assert_eq!(document["api"]["listen"], "127.0.0.1:8000");
}

#[test]
fn the_demo_refuses_the_file_that_it_would_not_read() {
    let world = World::new();
    world.file("other.toml", "");
    let refused = world.run("demo --settings other.toml");
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.stderr.contains("the demo reads no settings file"),
        "{}",
        refused.stderr
    );
}

#[test]
fn help_names_every_command_and_exit_code() {
    let help = World::new().run("--help");
    assert_eq!(help.code, Some(0));
    insta::assert_snapshot!(help.stdout);
}

#[test]
fn a_reader_who_goes_away_is_no_fault() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let printed = World::new()
        .command("settings")
        .stdout(writer)
        .output()
        .unwrap();
    let stderr = String::from_utf8(printed.stderr).unwrap();
    assert_eq!((printed.status.code(), stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_folder_of_definitions_that_holds_none_is_a_wrong_setting() {
    let world = World::new().with("CATCHMENT__SOURCES__DIR", "sources");
    let check = |why: &str| {
        let checked = world.run("check");
        assert_eq!(checked.code, Some(2));
        let told = checked.stderr.contains("sources, named by `sources.dir`")
            && checked.stderr.contains(why);
        assert!(told, "{}", checked.stderr);
    };
    check("No such file");
    world.file("sources/readme.md", "");
    check("there is no definition, *.toml, in it");
}
