//! The breeds, categories and images that are compiled in, joined as the upstream nests them.

use serde::Deserialize;
use serde_json::{Map, Value, json};

const BREEDS: &str = include_str!("breeds.json");
const CATEGORIES: &str = include_str!("categories.json");
const IMAGES: &str = include_str!("images.json");

/// All records, in the order in which they are listed.
pub(super) struct Data {
    pub(super) breeds: Vec<Value>,
    pub(super) categories: Vec<Value>,
    pub(super) images: Vec<Image>,
}

/// An image as it is served, and by what it is searched and drawn.
pub(super) struct Image {
    pub(super) id: String,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) breed_ids: Vec<String>,
    pub(super) category_ids: Vec<String>,
    pub(super) record: Value,
}

/// An image as written in `images.json`: without its address, its breeds by their ids.
#[derive(Deserialize)]
struct Entry {
    id: String,
    width: u32,
    height: u32,
    #[serde(default)]
    breed_ids: Vec<String>,
    #[serde(default)]
    categories: Vec<Value>,
}

impl Data {
    /// Joins the files; `base_url` is where the pictures are served.
    pub(super) fn load(base_url: &str) -> serde_json::Result<Self> {
        let plain: Vec<Map<String, Value>> = serde_json::from_str(BREEDS)?;
        let entries: Vec<Entry> = serde_json::from_str(IMAGES)?;
        Ok(Self {
            breeds: plain
                .iter()
                .map(|breed| with_image(breed, &entries, base_url))
                .collect(),
            categories: serde_json::from_str(CATEGORIES)?,
            images: entries
                .into_iter()
                .map(|entry| image(entry, &plain, base_url))
                .collect(),
        })
    }
}

/// A listed breed holds its reference image: none if it names none, an empty one if the name is not
/// found (that of the Persian ends in a newline). Breeds inside of images have no such member.
fn with_image(breed: &Map<String, Value>, entries: &[Entry], base_url: &str) -> Value {
    let mut breed = breed.clone();
    if let Some(reference) = breed.get("reference_image_id").and_then(Value::as_str) {
        let found = entries.iter().find(|entry| entry.id == reference);
        breed.insert(
            "image".to_owned(),
            found.map_or_else(|| json!({}), |entry| picture(entry, base_url)),
        );
    }
    Value::Object(breed)
}

fn image(entry: Entry, breeds: &[Map<String, Value>], base_url: &str) -> Image {
    let shown: Vec<&Map<String, Value>> = breeds
        .iter()
        .filter(|breed| entry.breed_ids.iter().any(|id| breed["id"] == *id))
        .collect();
    let mut record = picture(&entry, base_url);
    record["breeds"] = json!(shown);
    if !entry.categories.is_empty() {
        record["categories"] = json!(entry.categories);
    }
    Image {
        record,
        id: entry.id,
        width: entry.width,
        height: entry.height,
        breed_ids: entry.breed_ids,
        category_ids: entry
            .categories
            .iter()
            .map(|category| category["id"].to_string())
            .collect(),
    }
}

fn picture(entry: &Entry, base_url: &str) -> Value {
    let Entry {
        id, width, height, ..
    } = entry;
    let url = format!("{base_url}/images/{id}.svg");
    json!({ "id": id, "url": url, "width": width, "height": height })
}
