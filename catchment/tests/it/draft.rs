//! `infer` and `init`: what they print is pasted into a file, and the check has nothing against it.

use crate::world::{Shop, World};

const DOCUMENT: &str = r##"
# What the shop's people hand out.
openapi: 3.1.0
info: { title: The Shop API, version: 1.0 }
servers:
  - url: https://shop.example/v1
components:
  securitySchemes:
    token: { type: http, scheme: bearer }
  schemas:
    Item:
      type: object
      properties:
        id: { type: integer, format: int64 }
        name: { type: [string, "null"], maxLength: 80 }
        made_on: { type: string, format: date }
security:
  - token: []
paths:
  /items:
    get:
      responses:
        200:
          description: All of them
          content:
            application/json:
              schema: { type: array, items: { $ref: "#/components/schemas/Item" } }
"##;

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_for_a_url_is_ready_to_paste() {
    let shop = Shop::open().await;
    let world = World::new().with("CATCHMENT__SOURCES__DIR", "sources");
    let inferred = world.run(&format!("infer {}/items", shop.base_url));
    assert_eq!((inferred.code, inferred.stderr.as_str()), (Some(0), ""));
    world.file("sources/pasted.toml", &inferred.stdout);
    let checked = world.run("check");
    assert_eq!(checked.code, Some(0), "{}", checked.stdout);
    assert!(
        checked.stdout.contains("upstream.items: 200, 3 records"),
        "{}",
        checked.stdout
    );
    let document = world
        .run(&format!("infer {}/items --json", shop.base_url))
        .json();
    assert_eq!(document["toml"].as_str(), Some(inferred.stdout.as_str()));
    assert_eq!(
        (&document["records"], &document["requests"]),
        (&3.into(), &1.into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_is_inferred_from_its_own_file() {
    let shop = Shop::open().await;
    let world = World::new().with("CATCHMENT__SOURCES__DIR", "sources");
    let base_url = &shop.base_url;
    let source = format!("[source]\nname = \"shop\"\nbase_url = \"{base_url}\"\n");
    world.file(
        "sources/shop.toml",
        &format!("{source}[resource.items]\npath = \"/items\"\n"),
    );
    assert_eq!(world.run("check").code, Some(2), "key and page are missing");
    let inferred = world.run("infer shop.items");
    assert_eq!(inferred.code, Some(0), "{}", inferred.stderr);
    world.file("sources/shop.toml", &format!("{source}{}", inferred.stdout));
    assert_eq!(world.run("check").code, Some(0));
    let unknown = world.run("infer shp.items");
    assert_eq!(unknown.code, Some(2));
    assert!(
        unknown.stderr.contains("did you mean `shop`?"),
        "{}",
        unknown.stderr
    );
    let gone = world.run(&format!("infer {base_url}/nothing"));
    assert_eq!(gone.code, Some(1));
    assert!(gone.stderr.contains("status 404"), "{}", gone.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_in_yaml_or_json_makes_a_definition() {
    let shop = Shop::open().await;
    let world = World::new()
        .with("CATCHMENT__SOURCES__DIR", "sources")
        .with("SHOP_TOKEN", "s3cret");
    world.file("shop.yaml", DOCUMENT);
    let drafted = world.run("init --openapi shop.yaml");
    assert_eq!((drafted.code, drafted.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!(drafted.stdout);
    world.file("sources/shop.toml", &drafted.stdout);
    let world = world.with("CATCHMENT__SOURCE__SHOP__BASE_URL", &shop.base_url);
    let checked = world.run("check");
    assert_eq!(checked.code, Some(0), "{}", checked.stdout);
    assert!(
        checked.stdout.contains("shop.items: 200, 3 records"),
        "{}",
        checked.stdout
    );

    world.file("shop.json", r#"{"openapi":"3.0.0","paths":{}}"#);
    let empty = world.run("init --openapi shop.json");
    assert_eq!(empty.code, Some(2));
    assert!(
        empty
            .stderr
            .contains("no GET operation of it answers a list"),
        "{}",
        empty.stderr
    );
    world.file("broken.yaml", "openapi: [3\npaths: {}");
    for (file, reason) in [
        ("broken.yaml", "it is no YAML"),
        ("none.yaml", "No such file"),
    ] {
        let refused = world.run(&format!("init --openapi {file}"));
        assert_eq!(refused.code, Some(2));
        assert!(refused.stderr.contains(reason), "{}", refused.stderr);
    }
}
