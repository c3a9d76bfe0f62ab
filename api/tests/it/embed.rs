//! Rows of child resources in the records of their parent, and where a record comes from.

use chrono::Duration;
use entity::{
    definition::{Definition, Identity, Kind, Parent},
    record::Row,
    request, resource,
};
use reqwest::header::IF_NONE_MATCH;
use serde_json::{Value, json};

use crate::{
    cats::{breed, breeds, field, image, images, row, text},
    world::World,
};

const LIST: &str = "/api/v1/cats/breeds";

async fn with_images(world: &World) -> (i32, i32) {
    let parents = [breed("abys", &[]), breed("a/b, c", &[]), breed("none", &[])];
    let children = [
        image("abys", "1", 3),
        image("a/b, c", "1", 9),
        image("abys", "2", 1),
        image("ABYS", "4", 3),
    ];
    let breeds = world.mirrored(&breeds(), &parents).await;
    (breeds, world.mirrored(&images(), &children).await)
}

#[tokio::test]
async fn children_stand_in_their_parents() {
    World::each(async |world| {
        with_images(&world).await;
        let answer = world.get(&format!("{LIST}?embed=images&shape=array")).await;
        let expected = concat!(
            r#"[{"id":"abys","_embedded":{"images":{"data":["#,
            r#"{"breed_id":"abys","id":"1","width":3},{"breed_id":"abys","id":"2","width":1}],"#,
            r#""more":false,"href":"breeds/abys/images"}}},"#,
            r#"{"id":"a/b, c","_embedded":{"images":{"data":["#,
            r#"{"breed_id":"a/b, c","id":"1","width":9}],"#,
            r#""more":false,"href":"breeds/a%2Fb,%20c/images"}}},"#,
            r#"{"id":"none","_embedded":{"images":{"data":[],"more":false,"href":"breeds/none/images"}}}]"#,
        );
        assert_eq!(answer.body, expected, "{:?}", world.kind);
        let one = world.get(&format!("{LIST}/a%2Fb,%20c?embed=images")).await;
        let expected = concat!(
            r#"{"data":{"id":"a/b, c","_embedded":{"images":{"data":["#,
            r#"{"breed_id":"a/b, c","id":"1","width":9}],"#,
            r#""more":false,"href":"a%2Fb,%20c/images"}}},"meta":"#,
        );
        assert!(one.body.starts_with(expected), "{}", one.body);
    })
    .await;
}

#[tokio::test]
async fn a_link_leads_to_the_children() {
    World::each(async |world| {
        with_images(&world).await;
        for (path, record) in [
            (format!("{LIST}?embed=images"), "/data/1"),
            (format!("{LIST}/a%2Fb,%20c?embed=images"), "/data"),
        ] {
            let body = world.get(&path).await.json();
            let href = body.pointer(&format!("{record}/_embedded/images/href"));
            let href = href.and_then(Value::as_str).expect("a link");
            let link = url(&world, &path).join(href).expect("a URL");
            let children = world.get(link.path()).await;
            assert_eq!(children.json()["data"][0]["breed_id"], "a/b, c");
        }
    })
    .await;
}

#[tokio::test]
async fn there_are_at_most_fifty_of_each() {
    World::each(async |world| {
        world
            .mirrored(&breeds(), &[breed("a", &[]), breed("b", &[])])
            .await;
        let of = |breed: &'static str, count: i64| {
            (0..count).map(move |at| image(breed, &format!("{at:03}"), at))
        };
        let children: Vec<Row> = of("a", 51).chain(of("b", 50)).collect();
        let id = world.mirrored(&images(), &children).await;
        let body = world.get(&format!("{LIST}?embed=images")).await.json();
        let embedded = |at: usize| body["data"][at]["_embedded"]["images"].clone();
        let data = |at: usize| embedded(at)["data"].as_array().expect("rows").clone();
        assert_eq!((data(0).len(), data(1).len()), (50, 50));
        assert_eq!(data(0)[49]["id"], "049");
        assert_eq!(embedded(0)["more"], json!(true));
        assert_eq!(embedded(1)["more"], json!(false));
        world.delete(&images(), (id, 2), &[1]).await;
        let one = world.get(&format!("{LIST}/a?embed=images")).await.json();
        let embedded = &one["data"]["_embedded"]["images"];
        assert_eq!(embedded["data"][0]["id"], "001");
        assert_eq!(embedded["more"], json!(false));
    })
    .await;
}

#[tokio::test]
async fn a_page_that_embeds_has_at_most_a_hundred_records() {
    World::each(async |world| {
        let rows: Vec<Row> = (0..130)
            .map(|at| breed(&format!("b{at:03}"), &[]))
            .collect();
        world.mirrored(&breeds(), &rows).await;
        let children: Vec<Row> = (0..130)
            .map(|at| image(&format!("b{at:03}"), "1", at))
            .collect();
        world.mirrored(&images(), &children).await;
        let path = format!("{LIST}?embed=images&limit=1000&sort=-id");
        let first = world.get(&path).await;
        assert_eq!(first.column("id").len(), 100);
        let body = first.json();
        assert_eq!(body["page"]["limit"], 100);
        for (at, record) in body["data"].as_array().expect("records").iter().enumerate() {
            let embedded = &record["_embedded"]["images"]["data"];
            assert_eq!(
                *embedded,
                json!([{ "breed_id": record["id"], "id": "1", "width": 129 - at }])
            );
        }
        let cursor = body["page"]["next"].as_str().expect("a cursor");
        let rest = world.get(&format!("{path}&cursor={cursor}")).await;
        assert_eq!(rest.column("id").len(), 30);
        assert_eq!(
            world.get(&format!("{LIST}?embed=images")).await.json()["page"]["limit"],
            50
        );
    })
    .await;
}

#[tokio::test]
async fn a_record_keeps_its_bytes_and_a_member_of_our_name_gives_way() {
    World::each(async |world| {
        let odd = "{ \"z\":1.10, \"id\":\"odd\",\n \"esc\":\"\\u00e9\" }";
        let own = r#"{"_embedded":{"theirs":1},"id":"own","_provenance":7}"#;
        let rows = [
            row(&breeds(), "odd", odd, &[("id", text("odd"))]),
            row(&breeds(), "own", own, &[("id", text("own"))]),
        ];
        world.mirrored(&breeds(), &rows).await;
        world.registered(&images()).await;
        let answer = world.get(&format!("{LIST}?embed=images&shape=array")).await;
        let embedded =
            |id| format!(r#"{{"images":{{"data":[],"more":false,"href":"breeds/{id}/images"}}}}"#);
        let odd = odd.trim_end_matches([' ', '}']);
        let expected = format!(
            r#"[{odd},"_embedded":{}}},{{"id":"own","_provenance":7,"_embedded":{}}}]"#,
            embedded("odd"),
            embedded("own"),
        );
        assert_eq!(answer.body, expected);
        let part = world
            .get(&format!("{LIST}/own?embed=images&fields=_provenance"))
            .await;
        let data = &part.json()["data"];
        assert_eq!(data["id"], "own");
        assert_eq!(data["_provenance"], 7);
        assert!(data["_embedded"]["images"].is_object());
        // Without `embed` their member is theirs.
        assert!(world.get(&format!("{LIST}/own")).await.body.contains(own));
    })
    .await;
}

#[tokio::test]
async fn provenance_is_what_the_database_knows() {
    World::each(async |world| {
        let id = world.mirrored(&breeds(), &[breed("a", &[])]).await;
        world.wait(Duration::minutes(5));
        world.write(&breeds(), (id, 2), &[breed("b", &[])]).await;
        let answer = world.get(&format!("{LIST}?embed=-provenance&shape=array")).await;
        let expected = concat!(
            r#"[{"id":"a","_provenance":{"first_seen_at":"2027-01-15T08:00:00Z","changed_at":"2027-01-15T08:00:00Z","#,
            r#""version":1,"run":null,"request":null,"hash":"8489a5deb454a360345c7868bca8672d"}},"#,
            r#"{"id":"b","_provenance":{"first_seen_at":"2027-01-15T08:05:00Z","changed_at":"2027-01-15T08:05:00Z","#,
            r#""version":2,"run":null,"request":null,"hash":"84a91dee31459ddf46933a42288dfd0f"}}]"#,
        );
        assert_eq!(answer.body, expected, "{:?}", world.kind);
        let change = resource::Change {
            version: 2,
            live_rows: 2,
            last_rowno: 2,
            at: world.now(),
            run_id: Some(7),
        };
        let changed = resource::Entity::changed(&world.db, id, change).await;
        changed.expect("it is written down");
        let one = world.get(&format!("{LIST}/b?embed=-provenance")).await.json();
        let provenance = &one["data"]["_provenance"];
        assert_eq!((&provenance["version"], &provenance["run"]), (&json!(2), &json!(7)));
    })
    .await;
}

#[tokio::test]
async fn provenance_names_the_request_that_brought_the_record_as_it_is() {
    World::each(async |world| {
        let rows: Vec<_> = ["a", "b", "c", "d"].map(|id| breed(id, &[])).into();
        let id = world.mirrored(&breeds(), &rows).await;
        world.write(&breeds(), (id, 2), &[breed("e", &[])]).await;
        let page = |url: &str, rownos: &[u64]| request::New {
            url: url.to_owned(),
            rownos: rownos.iter().copied().collect(),
        };
        // The second row came twice. Of the third row it is known at another version alone.
        let first = vec![page("/all?page=1", &[1, 2, 4]), page("/all?page=2", &[2])];
        let second = vec![
            page("/all?page=3", &[3]),
            page("/\u{fc}".repeat(2000).as_str(), &[5]),
        ];
        for (version, requests) in [(1, first), (2, second)] {
            let kept = request::Entity::keep(&world.db, (id, version), requests).await;
            kept.expect("they are written down");
        }
        let others = vec![page("/others", &[1, 2, 3, 4, 5])];
        let kept = request::Entity::keep(&world.db, (id + 1, 1), others).await;
        kept.expect("they are written down");
        let list = world.get(&format!("{LIST}?embed=-provenance")).await.json();
        let told: Vec<_> = (0..4)
            .map(|at| list["data"][at]["_provenance"]["request"].clone())
            .collect();
        let expected = json!(["/all?page=1", "/all?page=2", null, "/all?page=1"]);
        assert_eq!(Value::from(told), expected, "{:?}", world.kind);
        let long = list["data"][4]["_provenance"]["request"]
            .as_str()
            .expect("a text");
        assert_eq!(
            (long.chars().count(), long.chars().last()),
            (2001, Some('…'))
        );
        let one = world
            .get(&format!("{LIST}/b?embed=-provenance"))
            .await
            .json();
        assert_eq!(one["data"]["_provenance"]["request"], "/all?page=2");
        let url = format!("{LIST}?embed=-provenance&sort=-id&limit=2&shape=array");
        let sorted = world.get(&url).await.json();
        assert_eq!(sorted[1]["_provenance"]["request"], "/all?page=1");
    })
    .await;
}

#[tokio::test]
async fn children_can_have_children() {
    World::each(async |world| {
        with_images(&world).await;
        let of_images = vec![
            ("breed_id".to_owned(), "breed_id".to_owned()),
            ("image_id".to_owned(), "id".to_owned()),
        ];
        let votes = Definition {
            source: "cats".to_owned(),
            resource: "votes".to_owned(),
            table: "cats_votes".to_owned(),
            description: None,
            key: vec!["id".to_owned()],
            identity: Identity::Key,
            history: false,
            tables: Vec::new(),
            orders: Vec::new(),
            search: Vec::new(),
            fields: vec![
                field("breed_id", Kind::Text),
                field("image_id", Kind::Text),
                field("id", Kind::Text),
            ],
            parent: Some(Parent {
                resource: "images".to_owned(),
                copy: of_images,
            }),
            face: None,
            read: None,
            local: None,
        };
        let vote = |id: &str, breed: &str, image: &str| {
            let payload = json!({ "id": id }).to_string();
            let values = [
                ("id", text(id)),
                ("breed_id", text(breed)),
                ("image_id", text(image)),
            ];
            row(&votes, id, &payload, &values)
        };
        let rows = [
            vote("v1", "abys", "2"),
            vote("v2", "abys", "1"),
            vote("v3", "ABYS", "2"),
        ];
        world.mirrored(&votes, &rows).await;
        let path = format!("{LIST}/abys/images?embed=votes");
        let body = world.get(&path).await.json();
        let embedded = |at: usize| body["data"][at]["_embedded"]["votes"].clone();
        assert_eq!(embedded(0)["data"], json!([{ "id": "v2" }]));
        assert_eq!(embedded(1)["data"], json!([{ "id": "v1" }]));
        let href = embedded(1)["href"].as_str().expect("a link").to_owned();
        let link = url(&world, &path).join(&href).expect("a URL");
        assert_eq!(world.get(link.path()).await.column("id"), ["v1"]);
    })
    .await;
}

#[tokio::test]
async fn children_that_no_index_finds_are_not_embedded() {
    World::each(async |world| {
        world.mirrored(&breeds(), &[breed("abys", &[])]).await;
        let mut unindexed = images();
        unindexed.fields[0].index = false;
        let children = [image("abys", "1", 3)];
        world.mirrored(&unindexed, &children).await;
        let answer = world.get(&format!("{LIST}?embed=images")).await;
        assert_eq!(answer.status, 400);
        let fault = &answer.json()["errors"][0];
        assert_eq!(fault["code"], "UNKNOWN_RELATION");
        assert_eq!(fault["allowed"], json!(["-provenance"]));
        let document = world.get("/api/openapi.json").await.json();
        let parameters = &document["paths"]["/api/v1/cats/breeds"]["get"]["parameters"];
        let parameters = parameters.as_array().expect("parameters").iter();
        let mut embed = parameters.filter(|parameter| parameter["name"] == "embed");
        let names = &embed.next().expect("it is there")["schema"]["items"]["enum"];
        assert_eq!(*names, json!(["-provenance"]));
    })
    .await;
}

#[tokio::test]
async fn an_answer_changes_with_every_table_that_is_in_it() {
    World::each(async |world| {
        let (breeds_id, images_id) = with_images(&world).await;
        let paths = [
            format!("{LIST}?embed=images"),
            format!("{LIST}/abys?embed=images"),
        ];
        for (version, path) in (2_i64..).zip(&paths) {
            let tag = world.get(path).await.header("etag").to_owned();
            let good = world.get_with(path, &[(IF_NONE_MATCH, &tag)]).await;
            assert_eq!(good.status, 304, "{path}");
            let new = image("abys", &format!("new{version}"), 1);
            world.write(&images(), (images_id, version), &[new]).await;
            let changed = world.get_with(path, &[(IF_NONE_MATCH, &tag)]).await;
            assert_eq!(changed.status, 200, "{path}");
        }
        let tag = world.get(&paths[0]).await.header("etag").to_owned();
        world
            .write(&breeds(), (breeds_id, 2), &[breed("new", &[])])
            .await;
        let changed = world.get_with(&paths[0], &[(IF_NONE_MATCH, &tag)]).await;
        assert_eq!(changed.status, 200);
    })
    .await;
}

#[tokio::test]
async fn all_that_is_wrong_is_told_at_once() {
    World::each(async |world| {
        with_images(&world).await;
        let path = format!("{LIST}?embed=imges,images,images,-provenence,&limit=0");
        let check = async |path: &str, parameters: &[&str]| {
            let answer = world.get(path).await;
            assert_eq!(answer.status, 400, "{path}");
            let body = answer.json();
            let faults = body["errors"].as_array().expect("faults").clone();
            let told = faults
                .iter()
                .map(|fault| fault["parameter"].as_str().expect("a name"));
            assert_eq!(told.collect::<Vec<_>>(), parameters, "{path}");
            faults
        };
        let faults = check(&path, &["limit", "embed", "embed", "embed", "embed"]).await;
        assert_eq!(faults[1]["code"], "UNKNOWN_RELATION");
        assert_eq!(faults[1]["did_you_mean"], "images");
        assert_eq!(faults[1]["allowed"], json!(["images", "-provenance"]));
        assert_eq!(faults[2]["code"], "REPEATED_PARAMETER");
        assert_eq!(faults[3]["did_you_mean"], "-provenance");
        check(
            &format!("{LIST}/abys?embed=x&fields=,&nmae=x"),
            &["nmae", "fields", "embed"],
        )
        .await;
        check("/api/v1/cats/images?embed=breeds", &["embed"]).await;
        check(&format!("{LIST}?embed=images&embed=images"), &["embed"]).await;
    })
    .await;
}

fn url(world: &World, path: &str) -> reqwest::Url {
    reqwest::Url::parse(&format!("{}{path}", world.url)).expect("a URL")
}
