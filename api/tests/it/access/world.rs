//! A world of which each caller sees another part: a public child of a parent that needs a login, another child that needs
//! a scope, and a source of which nobody but an admin sees anything.

use entity::{
    access::Rule,
    api_key,
    definition::{Cell, Definition, Face, Identity, Kind, Parent, face::Part},
    record::Row,
    user,
};
use reqwest::header::HeaderName;
use sea_orm::{ActiveModelTrait, ActiveValue::Set};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{
    cats::{field, row, text},
    mirror::{numbered, shape},
    world::{Answer, World, settings},
};

pub(crate) const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The resources, and who may read each: source, name, and the words of its rule.
const RESOURCES: [(&str, &str, &[&str]); 4] = [
    ("cats", "hoard", &["authenticated"]),
    ("cats", "pictures", &["public"]),
    ("cats", "ledger", &["sync"]),
    ("dogs", "kennels", &["admin"]),
];

/// Who asks, what they have shown, and what they see.
pub(crate) struct Caller {
    pub(crate) name: &'static str,
    pub(crate) key: Option<String>,
    pub(crate) sees: &'static [&'static str],
}

/// A name that tells of a resource, and a value that stands in each of its rows.
pub(crate) fn marks(resource: &str) -> [String; 2] {
    [resource.to_owned(), format!("marker-of-{}", &resource[1..])]
}

/// Everything that is called so by us alone: sources and resources of which some callers see nothing.
pub(crate) fn names() -> [&'static str; 4] {
    ["hoard", "ledger", "kennels", "dogs"]
}

pub(crate) fn hidden<'a>(caller: &'a Caller) -> impl Iterator<Item = &'static str> + 'a {
    let names = RESOURCES.into_iter().map(|(_, name, _)| name);
    names.filter(|name| !caller.sees.contains(name))
}

pub(crate) fn rule(words: &[&str]) -> Option<Rule> {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    Some(Rule::of(&words).expect("a rule"))
}

/// A resource with a history and a face; but for the parent, each is one of the parent's children.
pub(crate) fn definition((source, name, words): (&str, &str, &[&str])) -> Definition {
    let is_child = source == "cats" && name != "hoard";
    let path = [Part::Text(format!("/{name}"))];
    let face = Face::Open(Box::new(shape(&path, numbered())));
    let parent = is_child.then(|| Parent {
        resource: "hoard".to_owned(),
        copy: vec![("of_id".to_owned(), "id".to_owned())],
    });
    Definition {
        source: source.to_owned(),
        resource: name.to_owned(),
        table: format!("{source}_{name}"),
        description: None,
        key: vec!["id".to_owned()],
        identity: Identity::Key,
        fields: vec![
            field("id", Kind::Text),
            field("of_id", Kind::Text),
            field("name", Kind::Text),
        ],
        tables: Vec::new(),
        orders: Vec::new(),
        search: vec!["name".to_owned()],
        parent,
        history: true,
        face: Some(face),
        read: rule(words),
        local: None,
    }
}

/// Two rows, large enough to be compressed.
pub(crate) fn rows(definition: &Definition) -> Vec<Row> {
    let [_, marker] = marks(&definition.resource);
    let of = |id: &str| {
        let payload = json!({ "id": id, "of_id": "a", "name": marker, "text": "x".repeat(2_000) });
        let values: [(&str, Cell); 3] = [
            ("id", text(id)),
            ("of_id", text("a")),
            ("name", text(&marker)),
        ];
        row(definition, id, &payload.to_string(), &values)
    };
    ["a", "b"].map(of).into()
}

/// Runs `test` on each kind of database, with all of them mirrored, and everybody there.
pub(crate) async fn each(test: impl AsyncFn(&World, &[Caller])) {
    for kind in testdb::kinds() {
        let world = World::with_schema(kind, settings()).await;
        mirrored(&world).await;
        let callers = callers(&world).await;
        Box::pin(test(&world, &callers)).await;
    }
}

/// Mirrors them all.
pub(crate) async fn mirrored(world: &World) {
    for of in RESOURCES {
        let definition = definition(of);
        world.mirrored(&definition, &rows(&definition)).await;
    }
}

/// Everybody, from who sees least to who sees all.
pub(crate) async fn callers(world: &World) -> Vec<Caller> {
    let of: [(&str, Option<&str>, &[&str]); 6] = [
        ("anonymous", None, &["pictures"]),
        (
            "a key for another source",
            Some("read:birds"),
            &["pictures"],
        ),
        (
            "a key for the parent",
            Some("read:cats/hoard"),
            &["pictures", "hoard"],
        ),
        ("a reader", Some("read"), &["pictures", "hoard"]),
        (
            "an operator",
            Some("read write sync"),
            &["pictures", "hoard", "ledger"],
        ),
        (
            "an admin",
            Some("admin"),
            &["pictures", "hoard", "ledger", "kennels"],
        ),
    ];
    let user_id = user(world, "admin").await;
    let mut callers = Vec::new();
    for (name, scopes, sees) in of {
        let key = match scopes {
            Some(scopes) => Some(key(world, user_id, scopes).await),
            None => None,
        };
        callers.push(Caller { name, key, sees });
    }
    callers
}

/// A user of that role, who cannot log in.
pub(crate) async fn user(world: &World, role: &str) -> i64 {
    let now = world.now();
    let user = user::ActiveModel {
        name: Set(format!("some-{role}")),
        role: Set(role.to_owned()),
        password_hash: Set("none".to_owned()),
        attributes: Set("{}".to_owned()),
        active: Set(true),
        created_at: Set(now),
        updated_at: Set(now),
        ..Default::default()
    };
    user.insert(&world.db).await.expect("it is written").id
}

/// A key of that user's with those scopes.
pub(crate) async fn key(world: &World, user_id: i64, scopes: &str) -> String {
    let digest = Sha256::digest(scopes.as_bytes());
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let key = format!("ctm_{}", &digits[..40]);
    let row = api_key::ActiveModel {
        user_id: Set(user_id),
        name: Set(scopes.to_owned()),
        prefix: Set(key[..12].to_owned()),
        key_hash: Set(Sha256::digest(key.as_bytes()).to_vec()),
        scopes: Set(scopes.to_owned()),
        created_at: Set(world.now()),
        ..Default::default()
    };
    row.insert(&world.db).await.expect("it is written");
    key
}

impl Caller {
    /// What it shows.
    pub(crate) fn headers(&self) -> Vec<(HeaderName, &str)> {
        let key = self.key.as_deref();
        key.map(|key| (API_KEY, key)).into_iter().collect()
    }

    pub(crate) async fn get(&self, world: &World, path: &str) -> Answer {
        world.get_with(path, &self.headers()).await
    }

    /// With other headers beside.
    pub(crate) async fn get_with(
        &self,
        world: &World,
        path: &str,
        more: &[(HeaderName, &str)],
    ) -> Answer {
        let mut headers = self.headers();
        headers.extend_from_slice(more);
        world.get_with(path, &headers).await
    }
}
