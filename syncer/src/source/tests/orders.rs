//! The orders that lists may be sorted by.

use super::{breeds, cats, in_resource};

/// Fields that may stand in an order, and some that may not.
const FIELDS: &str = "[resource.breeds.fields]
    name   = { type = 'text', required = true, on_bad = 'reject' }
    weight = { type = 'integer', required = true, on_bad = 'reject' }
    origin = 'text'
    born   = { type = 'date', required = true }
    tags   = { type = 'list', split = ',' }
    notes  = { type = 'text', index = false }
";

#[test]
fn an_order_begins_with_any_field_and_goes_on_with_what_is_always_there() {
    let plan = breeds(&cats(&format!(
        "orders = [['origin', '-name'], ['-weight', 'id']]\n{FIELDS}"
    )));
    let orders = plan.definition.orders.iter().map(|order| {
        let keys = order.iter().map(ToString::to_string);
        keys.collect::<Vec<_>>().join(",")
    });
    assert_eq!(orders.collect::<Vec<_>>(), ["origin,-name", "-weight,id"]);
}

#[test]
fn orders_that_no_index_has() {
    let check =
        |orders: &str, said: &str| in_resource(&format!("orders = ¦{orders}\n{FIELDS}"), said);
    check(
        "[['name']]",
        "`name` is an order of one field … two fields or more",
    );
    check("[[]]", "`` is an order of one field");
    check(
        "[['name', 'wieght']]",
        "there is no field `wieght` … id, name, weight, origin, born … did you mean `weight`",
    );
    check("[['origin', 'tags']]", "`tags` cannot be sorted by");
    check(
        "[['notes', 'name']]",
        "`notes` cannot be sorted by … a field with an index",
    );
    check(
        "[['name', 'origin']]",
        "`origin` may have no value … `required = true` and `on_bad = \"reject\"`",
    );
    check("[['name', 'born']]", "`born` may have no value");
    check("[['name', '-name']]", "`name,-name` names `name` twice");
    check(
        "[['name', 'weight'], ['-name', '-weight']]",
        "`-name,-weight` is there twice, this way or reversed",
    );
    check(
        "[['origin', 'name', 'id']]",
        "an index of `origin,name,id` would take 4096 bytes in MySQL, which takes 3072",
    );
}
