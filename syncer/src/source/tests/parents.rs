//! Faults of relations.

use super::{cats, check, faults, in_resource, source};

/// A fault in a child of breeds.
fn in_child(lines: &str, said: &str) {
    let child = "[resource.images]\npath = '/i'\nkey = 'id'\npage.kind = 'none'";
    check(
        &cats(&format!(
            "fields.size = {{ match = '.' }}\n{child}\n{lines}"
        )),
        said,
    );
}

#[test]
fn parents() {
    in_child(
        "for_each.resource = ¦'breds'",
        "no resource `breds` … accepted: breeds … did you mean `breeds`?",
    );
    in_child(
        "for_each.resource = ¦'images'",
        "a circle: images -> images",
    );
    let lines = "for_each = { resource = ¦'breds', copy = { b = 'x' } }\nquery.b = '{parent.y}'";
    in_child(lines, "this source has no resource `breds`");
}

#[test]
fn copies() {
    let copy = |copy: &str, said: &str| {
        in_child(
            &format!("for_each = {{ resource = 'breeds', copy = {{ {copy} }} }}"),
            said,
        );
    };
    copy(
        "breed_id = ¦'ident'",
        "`breeds` has no field `ident` … accepted: id, size",
    );
    copy(
        "¦breedId = 'id'",
        "`breedId` cannot be a name … did you mean `breed_id`?",
    );
    let lines = "fields.¦b = 'text'\nfor_each = { resource = 'breeds', copy = { b = 'id' } }";
    in_child(lines, "fields.b: it is copied from the parent");
}

#[test]
fn placeholders() {
    let query = |value: &str, said: &str| {
        in_child(
            &format!("for_each.resource = 'breeds'\nquery.b = {value}"),
            said,
        );
    };
    query(
        "¦'{parent.idd}'",
        "`{parent.idd}` is not known here … did you mean `parent.id`?",
    );
    query(
        "¦'{parent.size}'",
        "`{parent.size}` is not known here … accepted: parent.id, run.started",
    );
    in_resource(
        "query.b = ¦'{parent.id}'",
        "needs a parent, and there is no `for_each`",
    );
}

#[test]
fn a_circle_is_told_at_each_of_its_resources() {
    let resource = |name: &str, parent: &str| {
        format!(
            "[resource.{name}]\npath = '/'\nkey = 'id'\npage.kind = 'none'\nfor_each.resource = '{parent}'\n"
        )
    };
    let source = "[source]\nname = 'a'\nbase_url = 'http://a'\n";
    let text = [
        source,
        &resource("b", "c"),
        &resource("c", "b"),
        &resource("d", "c"),
    ]
    .concat();
    let found = faults(&text);
    let told: Vec<_> = found
        .iter()
        .map(|fault| (fault.line, fault.message.split(';').next()))
        .collect();
    assert_eq!(
        told,
        [
            (Some(8), Some("a circle: b -> c -> b")),
            (Some(13), Some("a circle: c -> b -> c"))
        ]
    );
}

/// A fault in the `for_each` of a child whose request names a value of its parent.
fn in_for_each(table: &str, said: &str) {
    let parent = "fields = { size = { match = '.' }, state = { values = ['in', 'out'] }, legs = 'integer', names = 'list' }";
    let child = "[resource.images]\npath = '/i/{parent.id}'\nkey = 'id'\npage.kind = 'none'";
    let text = format!("{parent}\n{child}\nfor_each = {{ resource = 'breeds', {table} }}");
    check(&cats(&text), said);
}

#[test]
fn parents_that_are_wanted() {
    in_for_each(
        "where = { ¦stat = 'in' }",
        "for_each.where.stat: `breeds` has no field `stat` … accepted: id, state, legs … did you mean `state`?",
    );
    in_for_each(
        "where = { ¦size = '5' }",
        "`size` is not a member of the parent's records as it stands",
    );
    in_for_each(
        "where = { ¦names = 'x' }",
        "`names` is not a member of the parent's records as it stands",
    );
    in_for_each(
        "where = { state = ¦'inn' }",
        "`state` is never `inn` … accepted: in, out … did you mean `in`?",
    );
    in_for_each(
        "where = { legs = ¦'four' }",
        "`four` is no value of `legs` … a value of the type `integer`",
    );
    in_for_each("¦wher = {}", "unknown key … did you mean `where`?");
}

#[test]
fn batches() {
    in_for_each("batch = ¦1", "1 is out of range … from 2 to 1000");
    in_for_each(
        "batch = 5, ¦copy = { breed_id = 'id' }",
        "for_each.copy: a record of a batch does not say which of its parents it is from … no `copy`, or no `batch`",
    );
    let child = "[resource.images]\npath = '/i'\nkey = 'id'\npage.kind = 'none'";
    let for_each = "for_each = { resource = 'breeds', batch = ¦5 }";
    check(
        &cats(&format!("{child}\n{for_each}")),
        "no request names a value of the parents … `{parent.<field>}`",
    );
}

#[test]
fn a_mirror_tells_the_children_of_parents_that_it_leaves_out() {
    let batch = "for_each = { resource = 'breeds', batch = 5, ¦changed_only = true }\nquery.b = '{parent.id}'";
    in_child(
        batch,
        "for_each.changed_only: `changed_only` leaves parents out, and with `mode = \"mirror\"` what is theirs would \
         have to be known: a record of a batch does not say which of its parents it is from … no `for_each.batch`, \
         no `for_each.changed_only`, or `mode = \"upsert\"`",
    );
    let started = "for_each = { resource = 'breeds', ¦changed_only = true }\nquery = { b = '{parent.id}', at = '{run.started}' }";
    in_child(
        started,
        "for_each.changed_only: … each run asks with another `{run.started}` … no `{run.started}` in a request",
    );
}

#[test]
fn where_absence_means_nothing_any_parents_may_be_left_out() {
    let child = "[resource.images]\npath = '/i'\nkey = 'id'\npage.kind = 'none'\nmode = 'upsert'\n\
                 for_each = { resource = 'breeds', batch = 5, changed_only = true }\nquery = { b = '{parent.id}', at = '{run.started}' }";
    source(&cats(child));
}
