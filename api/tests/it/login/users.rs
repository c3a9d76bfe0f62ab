//! Users who make themselves, and the first admin.

use entity::access::Role;
use serde_json::json;

use super::*;

#[tokio::test]
async fn nobody_registers_unless_a_setting_says_so() {
    let world = one_world(quick()).await;
    let ben = json!({ "name": "ben", "password": PASSWORD });
    let refused = post(&world, "/auth/register", Sender::default(), ben).await;
    assert_eq!(refused.status, 403);
    assert!(
        refused.body.contains("auth.registration"),
        "{}",
        refused.body
    );
}

#[tokio::test]
async fn who_registers_is_a_reader_with_all_faults_told_at_once() {
    for kind in testdb::kinds() {
        let mut settings = quick();
        settings.auth.registration = true;
        let world = World::with_schema(kind, settings).await;
        let register = async |body| post(&world, "/auth/register", Sender::default(), body).await;
        let made =
            register(json!({ "name": "Ben", "email": "ben@example.org", "password": PASSWORD }))
                .await;
        assert_eq!(made.status, 201, "{}", made.body);
        assert_eq!(made.json()["data"]["name"], "ben");
        assert_eq!(made.json()["data"]["role"], "reader");
        let (token, _) = tokens(&world, "ben").await;
        assert!(is_known(&world, &token).await);
        let taken =
            register(json!({ "name": "cleo", "email": "BEN@example.org", "password": PASSWORD }))
                .await;
        assert_eq!(taken.status, 409, "{}", taken.body);
        let faulty =
            register(json!({ "name": "-", "email": "x", "password": "password", "role": "admin" }))
                .await;
        assert_eq!(faulty.status, 422);
        assert_eq!(
            faulty.json()["errors"][0]["code"],
            "UNKNOWN_MEMBER",
            "{}",
            faulty.body
        );
        let faulty = register(json!({ "name": "-", "email": "x", "password": "password" })).await;
        let faults = faulty.json()["errors"].as_array().expect("faults").clone();
        let members: Vec<&str> = faults
            .iter()
            .filter_map(|fault| fault["parameter"].as_str())
            .collect();
        assert_eq!(
            members,
            ["name", "email", "password", "password"],
            "{}",
            faulty.body
        );
    }
}

#[tokio::test]
async fn the_first_admin_is_made_once_with_any_token_that_was_printed() {
    each(async |world| {
        let printed = async || {
            api::setup_token(&world.db, world.now())
                .await
                .expect("it is made")
        };
        let (one, two) = (
            printed().await.expect("a token"),
            printed().await.expect("a token"),
        );
        let setup = async |token: &str, name: &str| {
            let body = json!({ "token": token, "name": name, "password": PASSWORD });
            post(&world, "/auth/setup", Sender::default(), body).await
        };
        assert_eq!(setup("cts_guessed", "eve").await.status, 401);
        let (anna, ben) = tokio::join!(setup(&one, "anna"), setup(&two, "ben"));
        let mut statuses = [anna.status.as_u16(), ben.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 401], "{} {}", anna.body, ben.body);
        for token in [one, two] {
            assert_eq!(setup(&token, "eve").await.status, 401);
        }
        assert_eq!(printed().await, None);
        let rows = audited(&world).await;
        assert!(
            matches!(rows.as_slice(), [row] if row.starts_with("setup user:")),
            "{rows:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_token_is_of_no_use_where_there_is_a_user() {
    let world = one_world(quick()).await;
    let token = api::setup_token(&world.db, world.now())
        .await
        .expect("it is made")
        .expect("a token");
    user(&world, "anna", Role::Reader).await;
    let body = json!({ "token": token, "name": "eve", "password": PASSWORD });
    let refused = post(&world, "/auth/setup", Sender::default(), body).await;
    assert_eq!(refused.status, 401, "{}", refused.body);
}
