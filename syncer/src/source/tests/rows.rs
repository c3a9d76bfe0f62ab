//! What becomes of rows: modes, deletes, and how many bad records are borne.

use super::{breeds, cats, check, in_resource, pointer};
use crate::source::plan::{DeleteHow, Mode, Most};

#[test]
fn rows_of_the_mode_append_never_go() {
    let text = cats(
        "mode = 'append'\n[defaults]\ndeletes = { max = '5%', flag = '/gone' }\nexpect.max_drop = '30%'",
    );
    let plan = breeds(&text);
    assert_eq!(plan.mode, Mode::Append);
    assert_eq!(
        (plan.deletes.how, &plan.deletes.flag),
        (DeleteHow::Off, &None)
    );
    assert_eq!(plan.expect.max_drop, None);
}

#[test]
fn flags_and_bad_records() {
    let plan = breeds(&cats("deletes.flag = '/meta/gone'\nbad_max = '5%'"));
    assert_eq!(plan.deletes.flag, Some(pointer(&["meta", "gone"])));
    assert_eq!(plan.bad_max, Some(Most::Share(0.05)));
    assert!(plan.deletes.values.is_empty());
    let plan = breeds(&cats(
        "deletes = { flag = '/status', values = ['deleted'] }",
    ));
    assert_eq!(plan.deletes.values, ["deleted"]);
    in_resource(
        "deletes.¦values = ['deleted']",
        "they are the values of no member … `flag`",
    );
    in_resource(
        "deletes = { flag = '/status', values = ¦[] }",
        "nothing would be marked … one value or more",
    );
    assert_eq!(breeds(&cats("bad_max = 7")).bad_max, Some(Most::Rows(7)));
}

#[test]
fn rows_that_go() {
    let append = |line: &str, said: &str| in_resource(&format!("mode = 'append'\n{line}"), said);
    append(
        "¦deletes = { max = 5 }",
        "`deletes` means nothing for the mode `append`: no row ever goes … mirror or upsert",
    );
    append(
        "expect.¦max_drop = '5%'",
        "`expect.max_drop` means nothing for the mode `append`",
    );
    in_resource("deletes.flag = ¦''", "the whole record cannot be the mark");
    in_resource(
        "deletes.flag = ¦'gone'",
        "is no JSON Pointer … did you mean `/gone`?",
    );
    in_resource(
        "deletes = { how = 'off', flag = ¦'/gone' }",
        "it means nothing where deleted rows are left as they are … soft or hard",
    );
    in_resource("bad_max = ¦'5'", "bad_max: `5` is no share … 0% to 100%");
    in_resource("bad_max = ¦-1", "-1 is out of range");
}

#[test]
fn a_mark_on_a_record_without_a_key() {
    let flagged = |lines: &str| cats(lines).replace("\"id\"", "'hash'");
    let said = "deletes.flag: a record with the mark has other bytes than its row … as `key`";
    check(&flagged("mode = 'upsert'\ndeletes.flag = ¦'/gone'"), said);
    let cursor = "query.since = '{cursor}'\ncursor = { field = '/at', start = '2020-01-01' }";
    check(
        &flagged(&format!("{cursor}\ndeletes.flag = ¦'/gone'")),
        said,
    );
    let plan = breeds(&flagged("deletes.flag = '/gone'"));
    assert!(
        plan.deletes.flag.is_some(),
        "its old row is absent, and so gone"
    );
}
