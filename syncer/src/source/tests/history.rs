//! The history of a resource's records: wanted, not wanted, and in nobody's way.

use super::{breeds, cats, in_resource};

#[test]
fn a_history_is_kept_where_the_definition_wants_one() {
    let check = |lines: &str, expected: bool| {
        let plan = breeds(&cats(lines));
        assert_eq!(plan.definition.history, expected, "{lines}");
    };
    check("", false);
    check("history = false", false);
    check("history = true", true);
    check("[defaults]\nhistory = true", true);
    let own = "history = false\n[defaults]\nhistory = true";
    check(own, false);
    // What the upstream is asked for is the same.
    let [with, without] = ["history = true", ""].map(|lines| breeds(&cats(lines)));
    assert_eq!(with.fingerprint, without.fingerprint);
}

#[test]
fn a_history_has_a_table_of_its_own() {
    in_resource(
        "history = ¦'yes'",
        "wrong type: this is a text … true or false",
    );
    let list = "fields.history = { type = 'list', split = ',' }";
    breeds(&cats(list));
    in_resource(
        &format!("¦history = true\n{list}"),
        "its table `cats_breeds__history` is also that of cats.breeds.history; rename one of them",
    );
    let long = "a".repeat(52);
    let text = cats("history = true").replace("breeds", &long);
    let text = text.replace("history = true", "history = ¦true");
    let text = text.replace("key = \"id\"", "key = \"i\"");
    super::check(
        &text,
        "the name is too long: the table … would have 66 characters … at most 64",
    );
}
