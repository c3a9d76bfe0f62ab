//! In which of its forms an answer is wanted: the `Accept` header.

use axum::http::{HeaderMap, HeaderValue, header::ACCEPT};

/// The form of most answers.
pub(crate) const JSON: [&str; 1] = ["application/json"];

/// Whether the caller takes any of the forms in `offered`.
pub(crate) fn takes(request: &HeaderMap, offered: &[&str]) -> bool {
    let is_plain = |value: &HeaderValue| value == "*/*" || value == JSON[0];
    match request.get(ACCEPT) {
        None => return true,
        Some(value) if offered.contains(&JSON[0]) && is_plain(value) => return true,
        Some(_) => {}
    }
    let ranges = ranges(request);
    ranges.is_empty() || offered.iter().any(|form| weight(&ranges, form) > 0)
}

/// The index of the form in `offered` that the caller would rather have; the first, if it is all the same.
pub(crate) fn preferred(request: &HeaderMap, offered: &[&str]) -> usize {
    let ranges = ranges(request);
    let mut best = (0, 0);
    for (index, form) in offered.iter().enumerate() {
        let weight = weight(&ranges, form);
        if weight > best.1 {
            best = (index, weight);
        }
    }
    best.0
}

/// Some forms and how much they are wanted, in thousandths.
struct Range<'a> {
    forms: &'a str,
    weight: u16,
}

fn ranges(request: &HeaderMap) -> Vec<Range<'_>> {
    let headers = request.get_all(ACCEPT).iter();
    let texts = headers.filter_map(|value| value.to_str().ok());
    let items = texts.flat_map(|text| text.split(','));
    let items = items.filter(|item| !item.trim().is_empty());
    items.map(range).collect()
}

fn range(text: &str) -> Range<'_> {
    let mut parts = text.split(';').map(str::trim);
    let forms = parts.next().unwrap_or_default();
    let q = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
    Range {
        forms,
        weight: q.map_or(1000, thousandths),
    }
}

/// Of `0.25` 250; of what is no weight 0.
fn thousandths(q: &str) -> u16 {
    let (whole, fraction) = q.split_once('.').unwrap_or((q, ""));
    let digits = format!("{whole}{fraction:0<3.3}");
    digits.parse().unwrap_or(0).min(1000)
}

/// How much `form` is wanted: what names it most closely says so.
fn weight(ranges: &[Range<'_>], form: &str) -> u16 {
    let of_kind = form
        .split_once('/')
        .map(|(kind, _)| format!("{kind}/*"))
        .unwrap_or_default();
    for name in [form, &of_kind, "*/*"] {
        let mut named = ranges
            .iter()
            .filter(|range| range.forms.eq_ignore_ascii_case(name));
        if let Some(range) = named.next() {
            return range.weight;
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_takes_nothing_of_what_there_is_is_not_served() {
        let check = |accept: &'static str, expected| {
            let request = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(takes(&request, &JSON), expected, "{accept}");
        };
        check("*/*", true);
        check("application/json", true);
        check("application/*;q=0.1", true);
        check("text/html, */*;q=0.8", true);
        check("", true);
        check(",", true);
        check("text/html", false);
        check("application/json;q=0", false);
        check("application/json;q=0, */*", false);
        assert!(takes(&HeaderMap::new(), &JSON));
    }

    #[test]
    fn the_form_that_is_wanted_most_is_chosen() {
        let check = |accept: &[&'static str], expected| {
            let mut request = HeaderMap::new();
            for value in accept {
                request.append(ACCEPT, HeaderValue::from_static(value));
            }
            let offered = ["application/json", "text/event-stream"];
            assert_eq!(
                offered[preferred(&request, &offered)],
                expected,
                "{accept:?}"
            );
        };
        let (json, events) = ("application/json", "text/event-stream");
        check(&[], json);
        check(&["*/*"], json);
        check(&["text/event-stream"], events);
        check(&["Text/Event-Stream"], events);
        check(&["text/*"], events);
        check(&["text/*, application/json"], json);
        check(&["application/json;q=0.9, text/event-stream"], events);
        check(&["application/json", "text/event-stream;q=0.999"], json);
        check(&["application/json; q=0", "*/*"], events);
        check(&["*/*;q=0.1, application/json;q=0.05"], events);
        check(&["text/event-stream;q=0, */*"], json);
        check(&["image/png"], json);
        check(&["text/event-stream;q=x"], json);
    }
}
