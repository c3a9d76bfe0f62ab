//! Whatever an upstream answers, nothing panics, and what is proposed passes the check of definitions.

use proptest::prelude::*;
use serde_json::{Value, json};
use url::Url;

use super::{answer::Answer, json::Json, proposal, records, subject::Subject, walk::Walked};
use crate::draft::{Page, PageKind, checked::faults};

/// What is proposed for answers with these bodies, from `url`.
fn proposed(url: &Url, bodies: &[Value], page: Page) -> Option<String> {
    let subject = Subject::of_url(url).ok()?;
    let answers: Vec<Answer> = bodies
        .iter()
        .map(|body| Answer {
            url: url.to_string(),
            headers: vec![("x-total-count".to_owned(), "3".to_owned())],
            link: None,
            body: Json::parse(body.to_string().as_bytes()).expect("JSON"),
        })
        .collect();
    let found = records::find(&answers.first()?.body, &subject.resource).ok()?;
    let walked = Walked {
        answers,
        found,
        page,
        is_all: false,
        ends_in_404: true,
        notes: vec!["a note".to_owned()],
    };
    Some(proposal::propose(&subject, &walked, 1).toml)
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0_i64..3).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[a-z]{1,3}(, [a-z]{1,3}){0,3}".prop_map(Value::from),
        "20[0-9]{2}-0[1-9]-1[0-9](T1[0-9]:00:00Z)?".prop_map(Value::from),
        "[0-9]{1,40}(\\.[0-9]{1,9})?".prop_map(Value::from),
        "x{250,260}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            object(inner),
        ]
    })
}

fn object(values: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        "[a-z]{1,4}",
        "(id|uuid|count|version|hash|created_at|order_id|a/b|Name|name|is_x)",
        "\\PC{0,6}",
        "[a-z]{60,70}",
    ];
    let members = prop::collection::hash_map(name, values, 0..8);
    members.prop_map(|members| Value::Object(members.into_iter().collect()))
}

fn url() -> impl Strategy<Value = Url> {
    let text = "https?://([a-z0-9.]{1,20}|sqlite|refresh\\.org|sync\\.com)(:80)?(/[a-z0-9A-Z%{}_.~-]{0,40}){0,4}(\\?(page|limit|cursor|token|q|a\\{b\\}|offset)=[a-z0-9{}]{0,3}(&[a-z]{0,3}=[0-9$]{0,3}){0,2})?";
    text.prop_filter_map("a URL", |text: String| Url::parse(&text).ok())
}

proptest! {
    // Each case reads the whole schema of definitions.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_proposed_passes_the_check(url in url(), body in value(), records in prop::collection::vec(object(value()), 1..6)) {
        for bodies in [vec![body], vec![json!(records), json!([])], vec![json!({"data": records, "total": 3})]] {
            let none = Page::new(PageKind::None);
            if let Some(toml) = proposed(&url, &bodies, none) {
                prop_assert_eq!(faults(&toml), Ok(()));
            }
        }
    }

    #[test]
    fn many_members_fit_into_a_table(count in 1_usize..700, text in prop_oneof![Just(json!("x")), Just(json!(1)), Just(json!([1]))]) {
        let record: serde_json::Map<String, Value> = (0..count).map(|number| (format!("m{number}"), text.clone())).collect();
        let url = "https://api.shop.example/v1/items".parse().expect("a URL");
        let toml = proposed(&url, &[json!([record])], Page::new(PageKind::None)).expect("records");
        prop_assert_eq!(faults(&toml), Ok(()));
    }
}
