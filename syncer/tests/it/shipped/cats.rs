//! The Cat API and The Dog API: numbered pages from 0 on, their number in a header, waits in a header of their own.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use super::{asked, complete, fields, items, shipped, with, writes_nothing};
use crate::{
    upstream::{Reply, Request},
    world::on_each_database,
};

/// Sent with each answer, whether it went well or not.
const BUDGET: [(&str, &str); 4] = [
    ("ratelimit-limit", "120"),
    ("ratelimit-remaining", "118"),
    ("ratelimit-reset", "2026-11-21T08:01:00.564Z"),
    ("retry-after-seconds", "32.112"),
];

type Records = Arc<Mutex<Vec<(&'static str, String)>>>;

/// The answers to `/breeds`, `/categories` and `/images/search`, of records that belong to a path, or to a breed or category.
fn replay(records: &Records) -> impl Fn(&Request) -> Reply + Send + Sync + use<> {
    let (records, refused) = (Arc::clone(records), AtomicBool::new(false));
    move |request| {
        if !refused.swap(true, Ordering::Relaxed) {
            let reply = Reply::html(429, "Too Many Requests");
            let spent = [
                ("ratelimit-remaining", "0"),
                ("ratelimit-reset", "2026-11-21T08:00:01.200Z"),
                ("retry-after-seconds", "0.2"),
            ];
            return with(reply, &spent);
        }
        let of = match request.path.as_str() {
            "/images/search" => {
                assert_eq!(
                    request.parameter("order"),
                    Some("ASC"),
                    "else it is at random"
                );
                let breed = request.parameter("breed_ids");
                breed
                    .or(request.parameter("category_ids"))
                    .expect("of what")
                    .to_owned()
            }
            path => path.to_owned(),
        };
        let all = records.lock().expect("no test panicked here");
        let found = all.iter().filter(|(owner, _)| **owner == of);
        let found: Vec<&str> = found.map(|(_, record)| record.as_str()).collect();
        // Nobody gets more, and without a key only ten pictures.
        let most = match (request.path.as_str(), request.header("x-api-key")) {
            ("/images/search", None) => 10,
            _ => 100,
        };
        let limit = request.number_in("limit").clamp(1, most);
        let page = request.number_in("page");
        let shown: Vec<&str> = found
            .iter()
            .skip(page * limit)
            .take(limit)
            .copied()
            .collect();
        let reply = Reply::json(format!("[{}]", shown.join(",")))
            .with("pagination-count", found.len())
            .with("pagination-page", page)
            .with("pagination-limit", limit);
        with(reply, &BUDGET)
    }
}

fn change(records: &Records, key: &str, by: impl Fn(&str) -> Option<String>) {
    let mut all = records.lock().expect("no test panicked here");
    let at = all.iter().position(|(_, record)| record.contains(key));
    let at = at.expect("a record with that key");
    match by(&all[at].1) {
        Some(changed) => all[at].1 = changed,
        None => drop(all.remove(at)),
    }
}

const WHOLE: &str = r#"{"weight":{"imperial":"7  -  10","metric":"3 - 5"},"id":"sand","name":"Sand Cat","temperament":"Calm, Shy,  Curious","origin":"Egypt","country_code":"EG","description":"It likes the sun. ","life_span":"14 - 15","indoor":0,"lap":1,"alt_names":"","adaptability":5,"hypoallergenic":1,"wikipedia_url":"https://cats.example/sand","reference_image_id":"0XYvRd7oD","image":{"id":"0XYvRd7oD","width":1204,"height":1445,"url":"https://cdn.example/0XYvRd7oD.jpg"}}"#;
/// What little is known of some: members are absent, the picture is an empty object.
const SPARSE: &str = r#"{"weight":{"imperial":"11","metric":"5.5"},"id":"snow","name":"Snow Cat","life_span":"12","alt_names":"\u00a0","image":{}}"#;

fn cats() -> Records {
    let mut all = vec![
        ("/breeds", WHOLE.to_owned()),
        ("/breeds", SPARSE.to_owned()),
    ];
    let others = (0..128).map(|number| format!(r#"{{"id":"c{number:03}","name":"Cat {number}"}}"#));
    all.extend(others.map(|breed| ("/breeds", breed)));
    let categories = [(5, "boxes"), (1, "hats"), (4, "sunglasses")];
    all.extend(categories.map(|(id, name)| {
        let category = format!(r#"{{"id":{id},"name":"{name}"}}"#);
        ("/categories", category)
    }));
    let image = |id: &str| {
        format!(r#"{{"id":"{id}","url":"https://cdn.example/{id}.jpg","width":640,"height":480}}"#)
    };
    all.extend((0..12).map(|number| ("1", image(&format!("hat{number:02}")))));
    all.push(("4", image("shade")));
    // One picture, in two categories and of a breed.
    all.extend(["5", "1", "sand"].map(|owner| (owner, image("both"))));
    all.sort_by(|(a, one), (b, other)| {
        a.cmp(b)
            .then_with(|| other.contains("both").cmp(&one.contains("both")))
    });
    Arc::new(Mutex::new(all))
}

#[tokio::test]
async fn thecatapi() {
    on_each_database(&shipped("thecatapi"), async |world| {
        let cats = cats();
        world.upstream.answers(replay(&cats));
        let report = complete(&world, "breeds").await;
        assert_eq!(report.counts.inserted, 130);
        let pages = [
            "/breeds?limit=100&page=0",
            "/breeds?limit=100&page=0",
            "/breeds?limit=100&page=1",
        ];
        assert_eq!(asked(&world), pages, "once more after the refusal");
        let names = [
            "name",
            "origin",
            "life_span_min",
            "life_span_max",
            "weight_kg_min",
            "weight_kg_max",
            "adaptability",
            "hypoallergenic",
            "lap",
            "indoor",
            "image_id",
            "image_width",
        ];
        let rows = fields(&world, "breeds", &names).await;
        assert_eq!(
            rows[0],
            "Sand Cat | Egypt | 14 | 15 | 3.00 | 5.00 | 5 | true | true | false | 0XYvRd7oD | 1204"
        );
        assert_eq!(
            rows[1],
            "Snow Cat | - | 12 | 12 | 5.50 | 5.50 | - | - | - | - | - | -"
        );
        assert_eq!(
            items(&world, "breeds", "temperament").await,
            ["1 | Calm", "1 | Shy", "1 | Curious"]
        );
        assert_eq!(
            items(&world, "breeds", "alt_names").await,
            Vec::<String>::new()
        );
        assert_eq!(world.models("breeds").await[0].payload, WHOLE);
        writes_nothing(&world, "breeds").await;

        complete(&world, "categories").await;
        assert_eq!(
            fields(&world, "categories", &["id", "name"]).await,
            ["5 | boxes", "1 | hats", "4 | sunglasses"]
        );
        world.upstream.asked();
        complete(&world, "category_images").await;
        let all = |id| format!("/images/search?category_ids={id}&limit=100&order=ASC");
        assert_eq!(asked(&world), [all(5), all(1), all(4)]);
        let live = world.live("category_images").await;
        assert_eq!(live.len(), 12, "ten of the hats at most: {live:?}");
        assert!(live.contains(&"4,shade".to_owned()) && live.contains(&"5,both".to_owned()));
        writes_nothing(&world, "category_images").await;
        complete(&world, "breed_images").await;
        assert_eq!(world.live("breed_images").await, ["sand,both"]);

        change(&cats, "\"sand\"", |breed| {
            Some(breed.replace("Egypt", "Chad"))
        });
        change(&cats, "\"c007\"", |_| None);
        let counts = complete(&world, "breeds").await.counts;
        assert_eq!((counts.inserted, counts.updated, counts.deleted), (0, 1, 1));
        assert_eq!(fields(&world, "breeds", &["origin"]).await[0], "Chad");
        let gone = world
            .rows("breeds")
            .await
            .into_iter()
            .find(|row| row.deleted);
        assert_eq!(gone.expect("a tombstone").key, "c007");
        // A picture that is not among those shown now is not gone.
        change(&cats, "\"both\"", |_| None);
        let counts = complete(&world, "category_images").await.counts;
        assert_eq!(counts.deleted, 0);
    })
    .await;
}

#[tokio::test]
async fn thedogapi() {
    on_each_database(&shipped("thedogapi"), async |world| {
        let hound = r#"{"weight":{"imperial":"6 - 13","metric":"3 - 6"},"height":{"imperial":"9 - 11.5","metric":"23 - 29"},"id":7,"name":"Sand Hound","bred_for":"Watching dunes","breed_group":"Toy","life_span":"10 - 12 years","temperament":"Stubborn, Curious","origin":"Egypt","reference_image_id":"BJa4kxc4X","image":{"id":"BJa4kxc4X","width":1600,"height":1199,"url":"https://cdn.example/BJa4kxc4X.jpg"}}"#;
        let puzzle = r#"{"weight":{"imperial":"NaN - 18","metric":"NaN - 8"},"height":{"imperial":"14","metric":"36"},"id":12,"name":"Snow Hound","life_span":"12 years"}"#;
        let dogs: Records = Arc::new(Mutex::new(vec![
            ("/breeds", hound.to_owned()),
            ("/breeds", puzzle.to_owned()),
        ]));
        let others = (100..201).map(|id| ("/breeds", format!(r#"{{"id":{id},"name":"Dog {id}"}}"#)));
        dogs.lock().expect("no test panicked here").extend(others);
        let image = r#"{"id":"B1-llgq4m","url":"https://cdn.example/B1-llgq4m.jpg","width":1024,"height":710}"#;
        dogs.lock().expect("no test panicked here").push(("7", image.to_owned()));
        world.upstream.answers(replay(&dogs));
        let counts = complete(&world, "breeds").await.counts;
        assert_eq!((counts.inserted, counts.bad_values), (103, 1), "a weight of NaN");
        let asked = world.upstream.asked();
        assert_eq!(asked.len(), 3);
        assert!(asked.iter().all(|request| request.header("x-api-key") == Some("live_dogs")));
        let names = ["id", "name", "breed_group", "life_span_min", "life_span_max", "weight_kg_min", "weight_kg_max", "height_cm_min", "height_cm_max"];
        let rows = fields(&world, "breeds", &names).await;
        assert_eq!(rows[0], "7 | Sand Hound | Toy | 10 | 12 | 3.00 | 6.00 | 23.00 | 29.00");
        assert_eq!(rows[1], "12 | Snow Hound | - | 12 | 12 | - | 8.00 | 36.00 | 36.00");
        assert_eq!(items(&world, "breeds", "temperament").await, ["1 | Stubborn", "1 | Curious"]);
        writes_nothing(&world, "breeds").await;
        complete(&world, "breed_images").await;
        assert_eq!(world.live("breed_images").await, ["7,B1-llgq4m"]);
        assert_eq!(fields(&world, "breed_images", &["breed_id", "width"]).await, ["7 | 1024"]);
        change(&dogs, "\"id\":12,", |_| None);
        change(&dogs, "\"id\":7,", |breed| Some(breed.replace("Toy", "Hound")));
        let counts = complete(&world, "breeds").await.counts;
        assert_eq!((counts.updated, counts.deleted), (1, 1));
    })
    .await;
}
