//! Create, replace, change and delete, and their faults.

use reqwest::Method;
use serde_json::json;

use super::{By, PEOPLE, by, each, faults, key, people, send};
use crate::{cats::breeds, world::World};

#[tokio::test]
async fn a_record_lives_from_its_creation_to_its_tombstone() {
    each(async |world, key| {
        let bytes = r#"{"name": "Owen Harris", "age": 22.50, "sex":"male","tags":["b","a"],"notes":{"n":12345678901234567890123}}"#;
        let created = send(&world, (Method::POST, PEOPLE), by(&key), bytes).await;
        assert_eq!(created.status, 201, "{}", created.body);
        assert_eq!(created.header("location"), format!("{PEOPLE}/1"));
        assert_eq!(created.header("catchment-version"), "1");
        let one = format!("{PEOPLE}/1");
        let read = world.get(&one).await;
        assert_eq!(read.body, created.body, "what is told is what is read");
        assert_eq!(read.header("etag"), created.header("etag"));
        assert!(read.body.contains(r#""age":22.50"#), "{}", read.body);
        assert!(read.body.contains("12345678901234567890123"), "{}", read.body);
        assert_eq!(read.json()["meta"]["stale"], false);
        assert_eq!(read.json()["meta"]["complete"], true);

        let tag = read.header("etag").to_owned();
        let same = By { headers: &[("if-match", &tag)], ..by(&key) };
        let patch = r#"{"age":null,"notes":{"n":null,"m":1}}"#;
        let changed = send(&world, (Method::PATCH, &one), same, patch).await;
        assert_eq!(changed.status, 200, "{}", changed.body);
        assert_eq!(changed.json()["data"]["notes"], json!({ "m": 1 }));
        assert!(changed.json()["data"].get("age").is_none());
        let again = send(&world, (Method::PATCH, &one), same, patch).await;
        assert_eq!(again.status, 412, "{}", again.body);

        let whole = r#"{"name":"Owen","sex":"female"}"#;
        let replaced = send(&world, (Method::PUT, &one), by(&key), whole).await;
        assert_eq!(replaced.status, 200, "{}", replaced.body);
        assert_eq!(replaced.json()["data"], json!({ "id": 1, "name": "Owen", "sex": "female" }));
        let version = replaced.header("catchment-version").to_owned();
        let same = send(&world, (Method::PUT, &one), by(&key), whole).await;
        assert_eq!(same.header("catchment-version"), version, "nothing changed");

        let found = world.get(&format!("{PEOPLE}?sex=female&q=owen")).await;
        assert_eq!(found.column("name"), ["Owen"]);
        let deleted = send(&world, (Method::DELETE, &one), by(&key), "").await;
        assert_eq!(deleted.status, 204, "{}", deleted.body);
        assert_eq!(world.get(&one).await.status, 404);
        let changes = world.get(&format!("{PEOPLE}/-/changes?since=0")).await;
        assert!(changes.body.contains("\"delete\""), "{}", changes.body);
        let history = world.get(&format!("{one}/-/history")).await.json();
        let told: Vec<_> = history["data"].as_array().expect("versions").iter()
            .map(|entry| (entry["version"].clone(), entry["op"].clone(), entry["actor"].clone()))
            .collect();
        let actor = json!("key:writer/writer");
        let expected = [(4, "delete"), (3, "update"), (2, "update"), (1, "insert")];
        assert_eq!(told, expected.map(|(version, op)| (json!(version), json!(op), actor.clone())));
        // A number is never given twice.
        let next = send(&world, (Method::POST, PEOPLE), by(&key), r#"{"name":"Next"}"#).await;
        assert_eq!(next.header("location"), format!("{PEOPLE}/2"));
    })
    .await;
}

#[tokio::test]
async fn all_that_does_not_fit_is_told_at_once() {
    each(async |world, key| {
        let check = async |body: &str, status: u16, expected: &[&str]| {
            let answer = send(&world, (Method::POST, PEOPLE), by(&key), body.to_owned()).await;
            assert_eq!(answer.status, status, "{body}: {}", answer.body);
            let is_told = expected.is_empty() || faults(&answer) == expected;
            assert!(is_told, "{body}: {:?}", faults(&answer));
            answer
        };
        let bad = r#"{"nmae":"x","sex":"mal","age":-1,"survived":"yes","tags":[1]}"#;
        let expected = [
            "UNKNOWN_MEMBER nmae",
            "MISSING_MEMBER name",
            "INVALID_VALUE sex",
            "INVALID_VALUE age",
            "INVALID_VALUE survived",
            "INVALID_VALUE tags",
        ];
        let answer = check(bad, 422, &expected).await;
        assert_eq!(answer.json()["errors"][0]["did_you_mean"], "name");
        assert_eq!(answer.json()["errors"][2]["did_you_mean"], "male");
        check(r#"{"name":"a","name":"b"}"#, 422, &["REPEATED_MEMBER name"]).await;
        check(r#"{"id":"7","name":"a"}"#, 422, &["INVALID_VALUE id"]).await;
        check(
            &format!(
                r#"{{"name":"a","notes":{}1{}}}"#,
                "[".repeat(5000),
                "]".repeat(5000)
            ),
            422,
            &["INVALID_VALUE "],
        )
        .await;
        check("[1]", 422, &["INVALID_VALUE "]).await;
        check("{", 400, &[]).await;
        check(
            &format!(r#"{{"name":"a","notes":"{}"}}"#, "x".repeat(70_000)),
            413,
            &[],
        )
        .await;
        let form = By {
            form: "text/plain",
            ..by(&key)
        };
        let answer = send(&world, (Method::POST, PEOPLE), form, "{}").await;
        assert_eq!(answer.status, 415, "{}", answer.body);
        assert_eq!(world.get(PEOPLE).await.json()["data"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn a_key_that_is_there_and_one_that_is_not_are_conflicts_and_conditions() {
    each(async |world, key| {
        let five = format!("{PEOPLE}/5");
        let none = By {
            headers: &[("if-none-match", "*")],
            ..by(&key)
        };
        let any = By {
            headers: &[("if-match", "*")],
            ..by(&key)
        };
        let check = async |asked: (Method, &str), by: By<'_>, body: &'static str, status: u16| {
            let answer = send(&world, asked, by, body).await;
            assert_eq!(answer.status, status, "{body}: {}", answer.body);
        };
        let body = r#"{"name":"a"}"#;
        check((Method::PATCH, &five), by(&key), body, 404).await;
        check((Method::DELETE, &five), by(&key), "", 404).await;
        check((Method::PUT, &five), any, body, 412).await;
        check((Method::PUT, &five), none, body, 201).await;
        check((Method::PUT, &five), none, body, 412).await;
        check((Method::PUT, &five), any, body, 200).await;
        check(
            (Method::POST, PEOPLE),
            by(&key),
            r#"{"id":5,"name":"b"}"#,
            409,
        )
        .await;
        check(
            (Method::PUT, &five),
            by(&key),
            r#"{"id":6,"name":"b"}"#,
            422,
        )
        .await;
        check((Method::PATCH, &five), by(&key), r#"{"id":6}"#, 422).await;
        check(
            (Method::PUT, &format!("{PEOPLE}/five")),
            by(&key),
            body,
            400,
        )
        .await;
        check((Method::PUT, &format!("{PEOPLE}/05")), by(&key), body, 400).await;
        check(
            (Method::POST, &format!("{PEOPLE}?x=1")),
            by(&key),
            body,
            400,
        )
        .await;
    })
    .await;
}

#[tokio::test]
async fn who_may_not_write_does_not() {
    each(async |world, _| {
        world.mirrored(&breeds(), &[]).await;
        let reader = key(&world, "reader", "read").await;
        let other = key(&world, "other", "write:people/crew write:cats").await;
        let body = r#"{"name":"a"}"#;
        let check = async |path: &str, key: &str, status: u16| {
            let answer = send(&world, (Method::POST, path), by(key), body).await;
            assert_eq!(answer.status, status, "{path} {key}: {}", answer.body);
            answer
        };
        check(PEOPLE, "", 401).await;
        check(PEOPLE, &reader, 403).await;
        check(PEOPLE, &other, 403).await;
        check("/api/v1/people/pasengers", &other, 404).await;
        let mirrored = check("/api/v1/cats/breeds", &other, 405).await;
        assert_eq!(mirrored.header("allow"), "GET,HEAD");
        for (path, allowed) in [
            ("/api/v1/cats/breeds", "GET,HEAD"),
            ("/api/v1/cats/breeds/abys", "GET,HEAD"),
            (PEOPLE, "GET,HEAD,POST"),
            (&format!("{PEOPLE}/1"), "GET,HEAD,PUT,PATCH,DELETE"),
        ] {
            let answer = world.send(Method::OPTIONS, path, &[]).await;
            assert_eq!(answer.status, 405, "{path}");
            assert_eq!(answer.header("allow"), allowed, "{path}");
        }
        let catalog = world.get("/api/v1/catalog/people").await.json();
        assert_eq!(catalog["data"]["resources"][0]["writable"], true);
    })
    .await;
}

#[tokio::test]
async fn of_two_who_write_at_once_none_is_lost() {
    each(async |world, key| {
        let (world, key) = (&world, &key);
        let writes = (0..12).map(|n| async move {
            let body = format!(r#"{{"name":"p{n}"}}"#);
            let answer = send(world, (Method::POST, PEOPLE), by(key), body).await;
            assert_eq!(answer.status, 201, "{}", answer.body);
            answer
                .header("catchment-version")
                .parse::<i64>()
                .expect("a number")
        });
        let mut versions = futures::future::join_all(writes).await;
        versions.sort_unstable();
        assert_eq!(versions, Vec::from_iter(1..=12));
        assert_eq!(world.get(PEOPLE).await.column("name").len(), 12);
        let one = format!("{PEOPLE}/1");
        let tag = world.get(&one).await.header("etag").to_owned();
        let tag = &tag;
        let one = &one;
        let races = (0..6).map(|n| async move {
            let headers = [("if-match", tag.as_str())];
            let by = By {
                headers: &headers,
                ..by(key)
            };
            let body = format!(r#"{{"age":{n}}}"#);
            send(world, (Method::PATCH, one), by, body)
                .await
                .status
                .as_u16()
        });
        let mut statuses = futures::future::join_all(races).await;
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412, 412, 412, 412, 412]);
    })
    .await;
}

#[tokio::test]
async fn every_answer_to_a_write_is_documented() {
    let world = World::with_schema(testdb::Kind::Sqlite, crate::world::settings()).await;
    super::opened(&world, &people()).await;
    let document = world.get("/api/openapi.json").await.json();
    let post = &document["paths"][PEOPLE]["post"];
    let schema = &post["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(schema["required"], json!(["name"]));
    assert_eq!(
        schema["properties"]["sex"]["enum"],
        json!(["male", "female", null])
    );
    assert_eq!(schema["additionalProperties"], false);
    for status in [
        "201", "400", "401", "403", "404", "409", "413", "415", "422",
    ] {
        assert!(post["responses"].get(status).is_some(), "{status}: {post}");
    }
}
