//! `catchment key` and `signing-key`: keys for programs, and the key that signs access tokens.

use anyhow::anyhow;
use api::keys::{self, NewKey, Told};
use chrono::{DateTime, TimeDelta, Utc};
use entity::{api_key::Entity as ApiKey, audit};
use sea_orm::DatabaseConnection;

use super::{
    Call, Form,
    user::{by, found, refused},
};
use crate::{
    cli::{Key, SigningKey},
    exit::{Exit, Misuse},
    print::{self, Align, Table},
};

/// For how long yet other processes may sign with a key that was rotated out.
const UNNOTICED: TimeDelta = TimeDelta::seconds(10);

pub(super) async fn run(call: &Call, what: Key) -> anyhow::Result<Exit> {
    let db = call.open_ready().await?;
    match what {
        Key::Create {
            name,
            user,
            scopes,
            expires,
        } => {
            let new = NewKey {
                name,
                scopes: scopes.into_iter().collect(),
                expires_at: expires,
            };
            create(call, &db, (&user, new)).await
        }
        Key::List { user } => list(call, &db, &user).await,
        Key::Revoke { prefix } => revoke(call, &db, &prefix).await,
    }
}

async fn create(
    call: &Call,
    db: &DatabaseConnection,
    (user, new): (&str, NewKey),
) -> anyhow::Result<Exit> {
    let owner = found(db, user).await?;
    let made = keys::create(db, (&owner, new), (&by(), call.clock.now())).await;
    let (key, text) = made.map_err(refused)?;
    match call.form {
        Form::Json => print::json(&Told::new(key, Some(text)))?,
        Form::Text => {
            print::note("This is the only time that the key is shown:");
            print::text(&format!("{text}\n"))?;
        }
    }
    Ok(Exit::Done)
}

async fn list(call: &Call, db: &DatabaseConnection, user: &str) -> anyhow::Result<Exit> {
    let owner = found(db, user).await?;
    let keys = ApiKey::of_user(db, owner.id).await?;
    let keys: Vec<Told> = keys.into_iter().map(|key| Told::new(key, None)).collect();
    match call.form {
        Form::Json => print::json(&serde_json::json!({ "keys": keys }))?,
        Form::Text if keys.is_empty() => print::text(&format!("{} has no keys\n", owner.name))?,
        Form::Text => print::text(&table(&keys, call.clock.now()))?,
    }
    Ok(Exit::Done)
}

fn table(keys: &[Told], now: DateTime<Utc>) -> String {
    let columns = ["prefix", "name", "scopes", "made", "used", "expires"];
    let mut table = Table::new(&columns.map(|name| (name, Align::Left)));
    for key in keys {
        let used = key.last_used_at.map(|at| print::ago(at, now));
        let expires = key.expires_at.map(|at| print::until(at, now));
        table.row([
            key.prefix.clone(),
            key.name.clone(),
            key.scopes.join(" "),
            print::ago(key.created_at, now),
            used.unwrap_or_else(|| "never".to_owned()),
            expires.unwrap_or_else(|| "never".to_owned()),
        ]);
    }
    table.render()
}

async fn revoke(call: &Call, db: &DatabaseConnection, prefix: &str) -> anyhow::Result<Exit> {
    let key = ApiKey::by_prefix(db, prefix).await?;
    let (key, owner) = key.ok_or_else(|| anyhow!("there is no key `{prefix}`"))?;
    let name = (owner.name.as_str(), &key);
    if !keys::revoke(db, name, (&by(), call.clock.now())).await? {
        return Err(anyhow!("the key `{prefix}` was revoked before"));
    }
    match call.form {
        Form::Json => print::json(&Told::new(key, None))?,
        Form::Text => print::text(&format!("{prefix} is revoked\n"))?,
    }
    Ok(Exit::Done)
}

/// Where the settings name the key, only they can name another.
pub(super) async fn signing(call: &Call, what: &SigningKey) -> anyhow::Result<Exit> {
    let settings = call.auth_settings()?;
    if settings.signing_keys.is_some() {
        let why = "the setting `auth.signing_key` names the key; put the next one before it there";
        return Err(Misuse(why.to_owned()).into());
    }
    let SigningKey::Rotate { now: at_once } = what;
    let db = call.open_ready().await?;
    let now = call.clock.now();
    let until = match at_once {
        true => now,
        false => now + TimeDelta::from_std(settings.access_time)? + UNNOTICED,
    };
    let kid = api::rotate_signing_key(&db, (now, until)).await?;
    let entry = by().entry("signing_key.rotate", Some(kid.clone()));
    audit::Entity::add(&db, entry, now).await?;
    match call.form {
        Form::Json => print::json(&serde_json::json!({ "kid": kid, "others_until": until }))?,
        Form::Text => print::text(&format!("{kid} signs from now on\n"))?,
    }
    Ok(Exit::Done)
}
