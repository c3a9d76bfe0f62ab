//! Where an answer tells how many records there are in all.

use super::{
    answer::{Answer, Place},
    records::Found,
};
use crate::draft::{TOTAL_HEADERS, total_rank};

/// The place that tells how many records there are in all: it says the same on each of `answers`, and not
/// fewer than came; if all of them came, not more either.
pub(crate) fn find(
    answers: &[Answer],
    found: &Found,
    records: usize,
    is_all: bool,
) -> Option<Place> {
    let first = answers.first()?;
    places(first, found).into_iter().find(|place| {
        let told: Option<Vec<u64>> = answers
            .iter()
            .map(|answer| answer.count_at(place))
            .collect();
        let records = records as u64;
        let fits = |total: u64| total == records || (total > records && !is_all);
        told.is_some_and(|told| told.iter().all(|total| *total == told[0]) && fits(told[0]))
    })
}

/// Places that may tell the number of all records, the likeliest first.
pub(super) fn places(answer: &Answer, found: &Found) -> Vec<Place> {
    let headers = TOTAL_HEADERS
        .iter()
        .filter(|name| answer.header(name).is_some());
    let headers = headers.map(|name| Place::Header((*name).to_owned()));
    let mut members: Vec<(usize, Place)> = Vec::new();
    for (path, value) in answer.beside(found) {
        let rank = path.last().and_then(|name| total_rank(name));
        if let (Some(rank), Some(_)) = (rank, value.count()) {
            members.push((rank, Place::Body(path)));
        }
    }
    members.sort_by_key(|(rank, _)| *rank);
    headers
        .chain(members.into_iter().map(|(_, place)| place))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::{json::Json, records};

    fn answer(body: &str) -> Answer {
        Answer {
            url: "http://a/x".to_owned(),
            headers: vec![("x-total-count".to_owned(), "9".to_owned())],
            link: None,
            body: Json::parse(body.as_bytes()).expect("JSON"),
        }
    }

    #[test]
    fn a_total_is_told_by_every_page() {
        let check = |bodies: &[&str], records, is_all, expected: Option<&str>| {
            let answers: Vec<Answer> = bodies.iter().map(|body| answer(body)).collect();
            let found = records::find(&answers[0].body, "x").expect("records");
            let place = find(&answers, &found, records, is_all).map(|place| place.to_text());
            assert_eq!(place.as_deref(), expected, "{bodies:?}");
        };
        let page = r#"{"data":[{"id":1}],"meta":{"total":7},"count":1}"#;
        check(&[page, page], 2, false, Some("header:x-total-count"));
        check(&[page, page], 9, true, Some("header:x-total-count"));
        check(&[page, page], 7, true, Some("body:/meta/total"));
        check(&[page], 1, true, Some("body:/count"));
        check(&[page, page], 12, false, None);
    }
}
