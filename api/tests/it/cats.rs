//! The resources that the tests mirror: breeds with a field of every type, and their images as children.

use entity::{
    definition::{Cell, Definition, Field, Identity, Kind, Parent},
    record::Row,
};
use sha2::{Digest, Sha256};

pub(crate) fn field(name: &str, kind: Kind) -> Field {
    Field {
        name: name.to_owned(),
        kind,
        index: kind.filterable(),
        contains: false,
        rule: "1".to_owned(),
        values: Vec::new(),
        required: false,
    }
}

pub(crate) fn breeds() -> Definition {
    let decimal = |precision, scale| Kind::Decimal { precision, scale };
    Definition {
        source: "cats".to_owned(),
        resource: "breeds".to_owned(),
        table: "cats_breeds".to_owned(),
        description: Some("Breeds of cats.".to_owned()),
        key: vec!["id".to_owned()],
        identity: Identity::Key,
        history: false,
        tables: Vec::new(),
        orders: Vec::new(),
        search: Vec::new(),
        fields: vec![
            field("id", Kind::Text),
            field("name", Kind::Text),
            field("weight", Kind::Integer),
            field("price", decimal(7, 2)),
            field("mass", decimal(30, 10)),
            field("rating", Kind::Float),
            field("hairless", Kind::Boolean),
            field("born", Kind::Date),
            field("seen", Kind::Timestamp),
            field("temperament", Kind::List),
            Field {
                values: vec!["short".to_owned(), "long".to_owned()],
                ..field("coat", Kind::Text)
            },
            Field {
                index: false,
                ..field("notes", Kind::Text)
            },
            field("extra", Kind::Json),
        ],
        parent: None,
        face: None,
        read: None,
        local: None,
    }
}

/// Breeds that are found by their words, and by parts of their names.
pub(crate) fn searched() -> Definition {
    let mut breeds = breeds();
    for field in breeds
        .fields
        .iter_mut()
        .filter(|field| field.name == "name")
    {
        field.contains = true;
    }
    let search = ["name", "temperament", "notes"].map(str::to_owned);
    Definition {
        search: search.to_vec(),
        ..breeds
    }
}

pub(crate) fn images() -> Definition {
    Definition {
        source: "cats".to_owned(),
        resource: "images".to_owned(),
        table: "cats_images".to_owned(),
        description: None,
        key: vec!["breed_id".to_owned(), "id".to_owned()],
        identity: Identity::Key,
        history: false,
        tables: Vec::new(),
        orders: Vec::new(),
        search: Vec::new(),
        fields: vec![
            field("breed_id", Kind::Text),
            field("id", Kind::Text),
            field("width", Kind::Integer),
        ],
        parent: Some(Parent {
            resource: "breeds".to_owned(),
            copy: vec![("breed_id".to_owned(), "id".to_owned())],
        }),
        face: None,
        read: None,
        local: None,
    }
}

/// A row with those values; the fields that are not named are null.
pub(crate) fn row(
    definition: &Definition,
    key: &str,
    payload: &str,
    values: &[(&str, Cell)],
) -> Row {
    let cells = definition.fields.iter().map(|field| {
        let named = values.iter().find(|(name, _)| *name == field.name);
        named.map_or(Cell::Null, |(_, cell)| cell.clone())
    });
    Row {
        record_key: key.to_owned(),
        payload: payload.to_owned(),
        payload_hash: Sha256::digest(payload)[..16].to_vec(),
        cells: cells.collect(),
        tables: Vec::new(),
    }
}

/// A breed whose payload is nothing but its id.
pub(crate) fn breed(id: &str, values: &[(&str, Cell)]) -> Row {
    let mut all = vec![("id", text(id))];
    all.extend_from_slice(values);
    let payload = serde_json::json!({ "id": id }).to_string();
    row(&breeds(), id, &payload, &all)
}

/// An image of a breed.
pub(crate) fn image(breed: &str, id: &str, width: i64) -> Row {
    let payload = serde_json::json!({ "breed_id": breed, "id": id, "width": width }).to_string();
    let escaped = |part: &str| part.replace('%', "%25").replace(',', "%2C");
    let key = format!("{},{}", escaped(breed), escaped(id));
    let values = [
        ("breed_id", text(breed)),
        ("id", text(id)),
        ("width", Cell::Integer(width)),
    ];
    row(&images(), &key, &payload, &values)
}

pub(crate) fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

/// A value as the api's callers write it.
pub(crate) fn value(field: &str, plain: &str) -> Cell {
    let breeds = breeds();
    let field = breeds.field(field).expect("a field of breeds");
    field.kind.parse(plain).expect("a value of its type")
}

/// Name, weight, price and mass; an empty text is no number.
type Values = (
    Option<&'static str>,
    Option<i64>,
    &'static str,
    &'static str,
);

/// Ties, nulls, ends of the range, and texts that careless collations take for one.
const MANY: [Values; 12] = [
    (
        Some("Abyssinian"),
        Some(3),
        "1.50",
        "12345678901234567890.1234567891",
    ),
    (
        Some("abyssinian"),
        Some(3),
        "",
        "12345678901234567890.1234567890",
    ),
    (None, Some(-7), "-0.05", ""),
    (Some("Égypte"), None, "99999.99", "-1"),
    (Some("Abyssinian "), Some(3), "1.50", "-1.0000000001"),
    (Some("zebra"), Some(i64::MAX), "", "0"),
    (None, Some(i64::MIN), "-99999.99", ""),
    (Some("猫"), None, "0.00", "5"),
    (Some(""), None, "1.50", "5"),
    (Some("Abyssinian"), Some(3), "0.10", "5"),
    (Some("😺"), Some(0), "0.30", "-20"),
    (Some("a%_b"), Some(4), "", "0.5"),
];

/// Breeds with ties, nulls and odd values in every sortable field: `b00` is row number 1, and so on.
pub(crate) fn many_breeds() -> Vec<Row> {
    let rows = MANY.iter().enumerate().map(|(at, given)| {
        let (name, weight, price, mass) = given;
        let mut values = Vec::new();
        values.extend(name.map(|name| ("name", text(name))));
        values.extend(weight.map(|weight| ("weight", Cell::Integer(weight))));
        values.extend((!price.is_empty()).then(|| ("price", value("price", price))));
        values.extend((!mass.is_empty()).then(|| ("mass", value("mass", mass))));
        let rating = ["0.1", "-2.5", "1e300", "0.1"][at % 4];
        values.extend((at % 5 != 0).then(|| ("rating", value("rating", rating))));
        values.extend((at % 3 != 0).then_some(("hairless", Cell::Boolean(at % 2 == 0))));
        let born = ["2024-02-01", "2024-02-29", "1999-12-31"][at % 3];
        values.extend((at % 4 != 0).then(|| ("born", value("born", born))));
        let seen = [
            "2026-11-21T08:00:00Z",
            "2026-11-21T08:00:00.5Z",
            "2026-11-21T08:00:00.500001Z",
        ][at % 3];
        values.extend((at % 6 != 0).then(|| ("seen", value("seen", seen))));
        breed(&format!("b{at:02}"), &values)
    });
    rows.collect()
}
