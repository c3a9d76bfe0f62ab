//! What the engine cannot do yet is refused by name.

use super::in_resource;

#[test]
fn full_text_search() {
    in_resource(
        "search = ¦['name']",
        "full text search is not supported yet … accepted: no such key",
    );
}
