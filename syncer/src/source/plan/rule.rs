//! How the rows of a child table are taken from a record; a field's rule is a part of what both sides know.

use entity::definition::{Pointer, Rule};

/// How the rows of a child table are taken from a record's payload.
#[derive(Clone, Debug)]
pub struct TableRule {
    /// Where the array of objects stands; a token `*` stands for every item of an array on the way.
    pub from: Pointer,
    /// How each of the table's fields is taken from an object, in the same order.
    pub rules: Vec<Rule>,
}
