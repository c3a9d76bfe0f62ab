//! `PokéAPI`: lists of names by offset with their count, then a GET for each name, which answers one object with an `ETag`.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use chrono::Duration;
use entity::run::Outcome;

use super::{asked, children, complete, fields, items, shipped, with, writes_nothing};
use crate::{
    upstream::{Reply, Request},
    world::on_each_database,
};

/// What stands at each path.
type Shelf = Arc<Mutex<BTreeMap<String, String>>>;

const SPROUT: &str = r#"{"id":1,"name":"sprout","order":1,"is_default":true,"base_experience":64,"height":7,"weight":69,"species":{"name":"sprout","url":"https://pokeapi.co/api/v2/pokemon-species/1/"},"abilities":[{"ability":{"name":"grow","url":"x"},"is_hidden":false,"slot":1},{"ability":{"name":"glow","url":"x"},"is_hidden":true,"slot":3}],"types":[{"slot":1,"type":{"name":"grass","url":"x"}},{"slot":2,"type":{"name":"poison","url":"x"}}],"stats":[{"base_stat":45,"effort":0,"stat":{"name":"hp","url":"x"}},{"base_stat":65,"effort":1,"stat":{"name":"special-attack","url":"x"}}],"moves":[{"move":{"name":"cut","url":"x"},"version_group_details":[]}],"forms":[{"name":"sprout","url":"x"}],"held_items":[],"sprites":{"front_default":"https://sprites.example/1.png"},"cries":{"latest":"https://cries.example/1.ogg"}}"#;

fn shelf() -> Shelf {
    let mut shelf = BTreeMap::from([("/pokemon/sprout".to_owned(), SPROUT.to_owned())]);
    for id in 2..=203 {
        // Those without a place in an order have none of the rest either.
        let record = format!(
            r#"{{"id":{id},"name":"mon-{id:03}","order":-1,"base_experience":null,"abilities":[],"types":[],"stats":[],"moves":[],"forms":[],"held_items":[],"sprites":{{"front_default":null}}}}"#
        );
        shelf.insert(format!("/pokemon/mon-{id:03}"), record);
    }
    let species = r#"{"id":1,"name":"sprout","order":1,"gender_rate":1,"capture_rate":45,"base_happiness":70,"is_baby":false,"is_legendary":false,"is_mythical":false,"hatch_counter":20,"growth_rate":{"name":"medium-slow","url":"x"},"egg_groups":[{"name":"monster","url":"x"},{"name":"plant","url":"x"}],"color":{"name":"green","url":"x"},"shape":{"name":"quadruped","url":"x"},"evolves_from_species":null,"habitat":{"name":"grassland","url":"x"},"generation":{"name":"generation-i","url":"x"},"names":[{"language":{"name":"en","url":"x"},"name":"Sprout"},{"language":{"name":"de","url":"x"},"name":"Spross"}],"varieties":[{"is_default":true,"pokemon":{"name":"sprout","url":"x"}}]}"#;
    shelf.insert("/pokemon-species/sprout".into(), species.into());
    let grass = r#"{"id":12,"name":"grass","generation":{"name":"generation-i","url":"x"},"move_damage_class":{"name":"special","url":"x"},"damage_relations":{"double_damage_to":[{"name":"ground","url":"x"},{"name":"water","url":"x"}],"half_damage_to":[{"name":"fire","url":"x"}],"no_damage_to":[]}}"#;
    shelf.insert("/type/grass".into(), grass.into());
    Arc::new(Mutex::new(shelf))
}

fn replay(shelf: &Shelf, url: &str) -> impl Fn(&Request) -> Reply + Send + Sync + use<> {
    let (shelf, url) = (Arc::clone(shelf), url.to_owned());
    let refused = AtomicBool::new(false);
    move |request| {
        if request.parameter("offset") == Some("200") && !refused.swap(true, Ordering::Relaxed) {
            return with(
                Reply::html(429, "error code: 1015"),
                &[("retry-after", "0")],
            );
        }
        let shelf = shelf.lock().expect("no test panicked here");
        let body = match shelf.get(&request.path) {
            Some(record) => record.clone(),
            None if request.query.is_empty() => return Reply::html(404, "Not Found"),
            None => list(&shelf, request, &url),
        };
        let sum = body
            .bytes()
            .fold(7_u64, |sum, byte| sum.wrapping_mul(31) + u64::from(byte));
        let tag = format!("W/\"{sum:x}\"");
        let reply = match request.header("if-none-match") == Some(&tag) {
            true => Reply::status(304, ""),
            false => Reply::json(body),
        };
        reply
            .with("etag", tag)
            .with("cache-control", "public, max-age=86400, s-maxage=86400")
    }
}

/// A page of the names below a path.
fn list(shelf: &BTreeMap<String, String>, request: &Request, url: &str) -> String {
    let (limit, offset) = (request.number_in("limit"), request.number_in("offset"));
    let prefix = format!("{}/", request.path);
    let names: Vec<&str> = shelf
        .keys()
        .filter_map(|path| path.strip_prefix(&prefix))
        .collect();
    let shown = names.iter().skip(offset).take(limit);
    let shown: Vec<String> = shown
        .map(|name| format!(r#"{{"name":"{name}","url":"{url}{prefix}{name}/"}}"#))
        .collect();
    let next = match offset + limit < names.len() {
        true => format!(
            r#""{url}{}?offset={}&limit={limit}""#,
            request.path,
            offset + limit
        ),
        false => "null".to_owned(),
    };
    format!(
        r#"{{"count":{},"next":{next},"previous":null,"results":[{}]}}"#,
        names.len(),
        shown.join(",")
    )
}

#[tokio::test]
async fn pokeapi() {
    // Two hundred requests at ten a second would take their time.
    let definition = shipped("pokeapi").replace("rate = \"10/s\", ", "");
    on_each_database(&definition, async |world| {
        let shelf = shelf();
        world.upstream.answers(replay(&shelf, &world.upstream.url));
        let report = complete(&world, "pokemon_names").await;
        assert_eq!(
            (report.counts.inserted, report.counts.total),
            (203, Some(203))
        );
        let second = "/pokemon?limit=200&offset=200";
        assert_eq!(
            asked(&world),
            ["/pokemon?limit=200&offset=0", second, second]
        );
        let report = complete(&world, "pokemon").await;
        assert_eq!((report.counts.inserted, report.counts.requests), (203, 203));
        let names = [
            "id",
            "name",
            "species",
            "sort_order",
            "is_default",
            "base_experience",
            "height_dm",
            "weight_hg",
            "sprite_url",
        ];
        let rows = fields(&world, "pokemon", &names).await;
        assert_eq!(
            rows[202],
            "1 | sprout | sprout | 1 | true | 64 | 7 | 69 | https://sprites.example/1.png"
        );
        assert_eq!(rows[0], "2 | mon-002 | - | -1 | - | - | - | - | -");
        assert_eq!(
            items(&world, "pokemon", "types").await,
            ["203 | grass", "203 | poison"]
        );
        let stats = children(&world, "pokemon", "stats", &["name", "base_stat", "effort"]).await;
        assert_eq!(
            stats,
            ["203 | hp | 45 | 0", "203 | special-attack | 65 | 1"]
        );
        let abilities = children(
            &world,
            "pokemon",
            "abilities",
            &["name", "is_hidden", "slot"],
        )
        .await;
        assert_eq!(
            abilities,
            ["203 | grow | false | 1", "203 | glow | true | 3"]
        );

        // What is known is not asked for again but once a week, and then it says that nothing changed.
        world.upstream.asked();
        writes_nothing(&world, "pokemon").await;
        assert_eq!(asked(&world), Vec::<String>::new());
        world.pass(Duration::days(8));
        let put = |path: &str, record: String| {
            let mut shelf = shelf.lock().expect("no test panicked here");
            shelf.insert(path.to_owned(), record);
        };
        put("/pokemon/sprout", SPROUT.replace("\"hp\"", "\"health\""));
        let counts = complete(&world, "pokemon").await.counts;
        assert_eq!(
            (counts.requests, counts.updated, counts.unchanged),
            (203, 1, 202)
        );
        let stats = children(&world, "pokemon", "stats", &["name"]).await;
        assert_eq!(stats, ["203 | health", "203 | special-attack"]);

        // One is new, one is gone: the list tells.
        put("/pokemon/new", SPROUT.replace("\"id\":1,", "\"id\":999,"));
        shelf
            .lock()
            .expect("no test panicked here")
            .remove("/pokemon/mon-009");
        complete(&world, "pokemon_names").await;
        world.upstream.asked();
        let counts = complete(&world, "pokemon").await.counts;
        assert_eq!((counts.inserted, counts.deleted), (1, 1));
        assert_eq!(asked(&world), ["/pokemon/new"]);
        assert!(!world.live("pokemon").await.contains(&"9".to_owned()));

        // One that the list has and its page has not is a fault, and takes nothing away.
        shelf
            .lock()
            .expect("no test panicked here")
            .remove("/pokemon/mon-010");
        world.pass(Duration::days(8));
        let report = world.sync("pokemon").await;
        assert_eq!(
            (report.outcome, report.counts.deleted),
            (Outcome::Partial, 0)
        );
        assert!(report.error.expect("a reason").contains("mon-010"));
    })
    .await;
}

#[tokio::test]
async fn species_and_types() {
    on_each_database(&shipped("pokeapi"), async |world| {
        world
            .upstream
            .answers(replay(&shelf(), &world.upstream.url));
        for resource in ["species_names", "species", "type_names", "types"] {
            complete(&world, resource).await;
        }
        let names = [
            "id",
            "name",
            "evolves_from",
            "color",
            "shape_name",
            "capture_rate",
            "gender_rate",
            "is_legendary",
        ];
        let species = fields(&world, "species", &names).await;
        assert_eq!(
            species,
            ["1 | sprout | - | green | quadruped | 45 | 1 | false"]
        );
        let spoken = children(&world, "species", "names", &["language", "name"]).await;
        assert_eq!(spoken, ["1 | en | Sprout", "1 | de | Spross"]);
        let varieties = children(&world, "species", "varieties", &["pokemon", "is_default"]).await;
        assert_eq!(varieties, ["1 | sprout | true"]);
        assert_eq!(
            items(&world, "species", "egg_groups").await,
            ["1 | monster", "1 | plant"]
        );
        assert_eq!(
            fields(&world, "types", &["id", "name", "damage_class"]).await,
            ["12 | grass | special"]
        );
        assert_eq!(
            items(&world, "types", "double_damage_to").await,
            ["1 | ground", "1 | water"]
        );
        assert_eq!(
            items(&world, "types", "no_damage_to").await,
            Vec::<String>::new()
        );
        writes_nothing(&world, "types").await;
    })
    .await;
}
