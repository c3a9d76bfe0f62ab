//! Pages of made-up records, about as large and as shaped as breeds of cats: one page is made, the others are that page
//! with other numbers in it, so that a page of ten million records costs no more than a copy of its bytes.

/// Records of a page at most.
pub(crate) const PAGE: usize = 1000;

/// As many digits as a record's number has.
const DIGITS: usize = 8;

/// A page of [`PAGE`] records, and where their numbers stand in it.
pub(crate) struct Template {
    body: Vec<u8>,
    places: Vec<Places>,
}

/// Where a record's bytes end, and its number begins: in its key, and mirrored in its name.
struct Places {
    id: usize,
    name: usize,
    end: usize,
}

impl Template {
    pub(crate) fn new() -> Self {
        let mut body = String::from("[");
        let mut places = Vec::with_capacity(PAGE);
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
        for at in 0..PAGE {
            if at > 0 {
                body.push(',');
            }
            let begin = body.len();
            body.push_str(&record(&mut dice));
            let place = |mark| begin + body[begin..].find(mark).map_or(0, |found| found);
            places.push(Places {
                id: place("IIIIIIII"),
                name: place("NNNNNNNN"),
                end: body.len(),
            });
        }
        Self {
            body: body.into_bytes(),
            places,
        }
    }

    /// Writes the page of `count` records that begins with the one numbered `first` into `page`.
    pub(crate) fn page(&self, first: usize, count: usize, page: &mut Vec<u8>) {
        page.clear();
        let places = &self.places[..count.min(PAGE)];
        let end = places.last().map_or(1, |last| last.end);
        page.extend_from_slice(&self.body[..end]);
        page.push(b']');
        for (number, place) in (first..).zip(places) {
            let mut rest = number;
            for digit in 0..DIGITS {
                let figure = b"0123456789"[rest % 10];
                rest /= 10;
                page[place.id + DIGITS - 1 - digit] = figure;
                // Mirrored, so that names, unlike keys, come in no order.
                page[place.name + digit] = figure;
            }
        }
    }
}

/// Numbers without a pattern that are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or(0) % limit
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn score(&mut self) -> usize {
        1 + self.below(5)
    }

    fn words(&mut self, count: usize, between: &str) -> String {
        let words: Vec<&str> = (0..count).map(|_| self.one(&WORDS)).collect();
        words.join(between)
    }
}

fn record(dice: &mut Dice) -> String {
    let (country, code) = COUNTRIES[dice.below(COUNTRIES.len())];
    let (kilograms, years) = (2 + dice.below(5), 9 + dice.below(6));
    let scores = SCORES.map(|name| format!(r#""{name}":{}"#, dice.score()));
    let flags = FLAGS.map(|name| format!(r#""{name}":{}"#, dice.below(2)));
    format!(
        concat!(
            r#"{{"weight":{{"imperial":"{} - {}","metric":"{} - {}.5"}},"id":"rIIIIIIII","name":"{} NNNNNNNN","#,
            r#""origin":"{}","country_code":"{}","temperament":"{}","description":"{}","life_span":"{} - {}","#,
            r#"{},{},"updated_at":"2026-{:02}-{:02}T{:02}:30:00.250Z","wikipedia_url":"https://example.org/wiki/{}","#,
            r#""image":{{"id":"{}","width":{},"height":{},"url":"https://cdn.example.org/images/{}.jpg"}}}}"#
        ),
        kilograms * 2,
        kilograms * 3,
        kilograms,
        kilograms + 2,
        dice.words(2, " "),
        country,
        code,
        dice.words(5, ", "),
        dice.words(52, " "),
        years,
        years + 3,
        scores.join(","),
        flags.join(","),
        1 + dice.below(12),
        1 + dice.below(28),
        dice.below(24),
        dice.words(2, "_"),
        dice.words(1, ""),
        400 + dice.below(1200),
        400 + dice.below(1200),
        dice.words(2, "-"),
    )
}

const COUNTRIES: [(&str, &str); 8] = [
    ("Egypt", "EG"),
    ("Norway", "NO"),
    ("Thailand", "TH"),
    ("Canada", "CA"),
    ("Japan", "JP"),
    ("Türkiye", "TR"),
    ("Iran", "IR"),
    ("Greece", "GR"),
];

const SCORES: [&str; 9] = [
    "adaptability",
    "affection_level",
    "child_friendly",
    "dog_friendly",
    "energy_level",
    "grooming",
    "intelligence",
    "shedding_level",
    "social_needs",
];

const FLAGS: [&str; 4] = ["hairless", "rare", "short_legs", "hypoallergenic"];

const WORDS: [&str; 24] = [
    "Agile", "Amber", "Bold", "Calm", "Curious", "Dappled", "Eager", "Gentle", "Hazel", "Keen",
    "Lively", "Loyal", "Marsh", "Misty", "Nimble", "Patient", "Playful", "Quiet", "River",
    "Silver", "Slender", "Sturdy", "Velvet", "Watchful",
];

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{PAGE, Template};

    #[test]
    fn a_page_is_json_of_as_many_records_with_numbers_of_their_own() {
        let (template, mut page) = (Template::new(), Vec::new());
        let check = |first, count, page: &mut Vec<u8>| {
            template.page(first, count, page);
            let records: Vec<Value> = serde_json::from_slice(page).unwrap();
            assert_eq!(records.len(), count);
            for (number, record) in (first..).zip(&records) {
                let digits = format!("{number:08}");
                assert_eq!(record["id"], format!("r{digits}"));
                let mirrored: String = digits.chars().rev().collect();
                assert!(record["name"].as_str().unwrap().ends_with(&mirrored));
            }
        };
        check(0, PAGE, &mut page);
        assert!((950..1150).contains(&(page.len() / PAGE)), "{}", page.len());
        check(9_999_000, 7, &mut page);
        check(0, 0, &mut page);
    }
}
