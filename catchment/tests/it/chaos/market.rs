//! What the upstream has, and how it changes.
//!
//! Between two settlements a record changes at most once. A life that was disturbed may have seen it as it was or as it
//! is, and one that was not has seen both: what is left of it in the end, the row of a record that went included, must
//! be the same.

use std::collections::BTreeMap;

use super::dice::Dice;

/// In the order of their runs.
pub(super) const RESOURCES: [&str; 5] = ["stalls", "offers", "orders", "visits", "prices"];

/// The id of the parent (0: it has none) and its own.
pub(super) type Key = (u32, u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Sound,
    /// One of its values does not fit its field.
    Odd,
    /// It cannot become a row.
    Faulty,
}

#[derive(Clone, Copy, Debug)]
struct Item {
    revision: u32,
    shape: Shape,
    gone: bool,
    /// It, or its parent, came or went or was changed since the last settlement.
    touched: bool,
}

impl Item {
    fn new() -> Self {
        Self {
            revision: 0,
            shape: Shape::Sound,
            gone: false,
            touched: true,
        }
    }
}

type Items = BTreeMap<Key, Item>;

/// Everything that the upstream has or had.
#[derive(Debug)]
pub(super) struct Market {
    dice: Dice,
    items: BTreeMap<&'static str, Items>,
}

impl Market {
    /// A market as it is on its first day.
    pub(super) fn new(dice: Dice) -> Self {
        let items = RESOURCES.map(|resource| (resource, Items::new()));
        let mut market = Self {
            dice,
            items: items.into(),
        };
        for (resource, count) in RESOURCES.iter().zip([24, 72, 60, 60, 50]) {
            for _ in 0..count {
                market.insert(resource);
            }
        }
        for _ in 0..12 {
            market.spoil_some();
        }
        market
    }

    /// `count` records come, go, come back, or change.
    pub(super) fn change(&mut self, count: u32) {
        for _ in 0..count {
            let resource = self.dice.pick(&RESOURCES).unwrap();
            match self.dice.between(1, 10) {
                1..=2 => self.insert(resource),
                3..=5 => self.turn(resource, false),
                6 => self.turn(resource, true),
                7..=9 => self.rewrite(resource, Shape::Sound),
                _ => self.spoil_some(),
            }
        }
    }

    /// From here on, each record may change once more.
    pub(super) fn settle(&mut self) {
        let items = self.items.values_mut().flat_map(BTreeMap::values_mut);
        items.for_each(|item| item.touched = false);
    }

    /// The records that `resource` has now, each with its id, in the order of these. `None`: their parent is gone.
    pub(super) fn records(&self, resource: &str, parent: u32) -> Option<Vec<(u32, String)>> {
        if parent > 0 && self.items["stalls"].get(&(0, parent))?.gone {
            return None;
        }
        let items = self.items[resource].range((parent, 0)..=(parent, u32::MAX));
        let here = items.filter(|(_, item)| !item.gone);
        Some(
            here.map(|((_, id), item)| (*id, record(resource, *id, *item)))
                .collect(),
        )
    }

    /// Whether a record was there, and as it is, ever since the last settlement.
    pub(super) fn was_always_there(&self, resource: &str, key: Key) -> bool {
        let item = self.items[resource][&key];
        !item.touched && !item.gone && !self.is_orphan(resource, key)
    }

    /// Whether a record was not there ever since the last settlement.
    pub(super) fn was_never_there(&self, resource: &str, key: Key) -> bool {
        let item = self.items[resource][&key];
        !item.touched && (item.gone || self.is_orphan(resource, key))
    }

    fn is_orphan(&self, resource: &str, (parent, _): Key) -> bool {
        resource == "offers" && self.items["stalls"][&(0, parent)].gone
    }

    fn insert(&mut self, resource: &str) {
        let parent = match resource {
            "offers" => self.pick("stalls", |item| !item.gone).map(|(_, id)| id),
            _ => Some(0),
        };
        let Some(parent) = parent else { return };
        let key = (parent, self.dice.between(1, 9_999));
        self.items
            .get_mut(resource)
            .unwrap()
            .entry(key)
            .or_insert_with(Item::new);
    }

    /// One goes, or one that went comes back, changed or not.
    fn turn(&mut self, resource: &str, back: bool) {
        let Some(key) = self.pick(resource, |item| item.gone == back && !item.touched) else {
            return;
        };
        // With a stall its offers come and go.
        if resource == "stalls" && !self.touch_offers(key.1) {
            return;
        }
        let changed = self.dice.between(0, 1);
        let item = self.item(resource, key);
        item.gone = !back;
        item.touched = true;
        if back {
            item.revision += changed;
        }
    }

    fn rewrite(&mut self, resource: &str, shape: Shape) {
        let key = self.pick(resource, |item| !item.gone && !item.touched);
        let Some(key) = key else { return };
        let item = self.item(resource, key);
        item.revision += 1;
        item.shape = shape;
        item.touched = true;
    }

    fn spoil_some(&mut self) {
        let resource = self.dice.pick(&RESOURCES).unwrap();
        let shape = self.dice.pick(&[Shape::Odd, Shape::Faulty]).unwrap();
        self.rewrite(resource, shape);
    }

    /// Marks the offers of `stall`, unless one of them changed.
    fn touch_offers(&mut self, stall: u32) -> bool {
        let offers = self.items.get_mut("offers").unwrap();
        let mut offers: Vec<_> = offers.range_mut((stall, 0)..=(stall, u32::MAX)).collect();
        let free = offers.iter().all(|(_, item)| !item.touched);
        if free {
            offers.iter_mut().for_each(|(_, item)| item.touched = true);
        }
        free
    }

    fn pick(&mut self, resource: &str, fits: impl Fn(&Item) -> bool) -> Option<Key> {
        let items = self.items[resource].iter();
        let fitting: Vec<Key> = items
            .filter(|(key, item)| fits(item) && !self.is_orphan(resource, **key))
            .map(|(key, _)| *key)
            .collect();
        self.dice.pick(&fitting)
    }

    fn item(&mut self, resource: &str, key: Key) -> &mut Item {
        self.items.get_mut(resource).unwrap().get_mut(&key).unwrap()
    }
}

/// What it looks like. Member order, spaces, escapes and digits are to come through as they are.
fn record(resource: &str, id: u32, item: Item) -> String {
    let Item {
        revision, shape, ..
    } = item;
    let (state, pieces) = match shape {
        Shape::Sound => ("used", "7"),
        Shape::Odd => ("new", "\"many\""),
        Shape::Faulty => ("lost", "0"),
    };
    let tags: Vec<String> = (0..(id + revision) % 4)
        .map(|number| format!("\"tag {number} of {revision}\""))
        .collect();
    let tags = tags.join(",");
    format!(
        r#"{{"pieces":{pieces}, "id":{id},"name":"{resource} {id}: \u00e9 😀 {revision}","state":"{state}",
"price":{revision}.{id:04},"tags":[{tags}],"seen_at":"2026-01-02T03:04:{:02}.5+02:00",
"detail":{{"b":1.50,"a":[{id}12345678901234567890,null]}},"undeclared":"{revision}"}}"#,
        revision % 60
    )
}
