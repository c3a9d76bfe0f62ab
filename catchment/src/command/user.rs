//! `catchment user`: the people who may log in, made and removed by whoever has the database.

use std::io::{self, BufRead, IsTerminal};

use anyhow::{Context, anyhow};
use api::{
    account::{self, By, NewUser, Refused},
    password::Hasher,
};
use chrono::{DateTime, Utc};
use console::Term;
use entity::user;
use sea_orm::DatabaseConnection;
use serde::Serialize;

use super::{Call, Form};
use crate::{
    cli::User,
    exit::{Exit, Misuse},
    print::{self, Align, Table},
};

/// Users that are read at once.
const PAGE: u64 = 500;

#[derive(Serialize)]
struct Row {
    id: i64,
    name: String,
    email: Option<String>,
    role: String,
    active: bool,
    created_at: DateTime<Utc>,
}

impl From<user::Model> for Row {
    fn from(user: user::Model) -> Self {
        Self {
            id: user.id,
            name: user.name,
            email: user.email,
            role: user.role,
            active: user.active,
            created_at: user.created_at,
        }
    }
}

pub(super) async fn run(call: &Call, what: User) -> anyhow::Result<Exit> {
    let db = call.open_ready().await?;
    match what {
        User::Add { name, role, email } => {
            let new = NewUser {
                name,
                email,
                role,
                password: String::new(),
                first_name: None,
                last_name: None,
                phone: None,
            };
            add(call, &db, new).await
        }
        User::Passwd { name } => passwd(call, &db, &name).await,
        User::List => list(call, &db).await,
        User::Remove { name } => {
            let user = found(&db, &name).await?;
            account::remove(&db, &user, (&by(), call.clock.now())).await?;
            told(call, &format!("{} is removed", user.name), user)
        }
    }
}

async fn add(call: &Call, db: &DatabaseConnection, mut new: NewUser) -> anyhow::Result<Exit> {
    new.password = password(&new.name)?;
    let hasher = Hasher::new(call.password_cost()?);
    let made = account::create(db, &hasher, (new, &by()), call.clock.now()).await;
    let user = made.map_err(refused)?;
    told(
        call,
        &format!("{} is made, with role {}", user.name, user.role),
        user,
    )
}

async fn passwd(call: &Call, db: &DatabaseConnection, name: &str) -> anyhow::Result<Exit> {
    let user = found(db, name).await?;
    let password = password(&user.name)?;
    let hasher = Hasher::new(call.password_cost()?);
    let set = (&user, password, None);
    let set = account::set_password(db, &hasher, set, (&by(), call.clock.now())).await;
    set.map_err(refused)?;
    let text = format!(
        "{} has another password; all of its logins are ended",
        user.name
    );
    told(call, &text, user)
}

async fn list(call: &Call, db: &DatabaseConnection) -> anyhow::Result<Exit> {
    let mut users: Vec<Row> = Vec::new();
    loop {
        let last = users.last().map_or(0, |user| user.id);
        let page = user::Entity::after(db, last, PAGE).await?;
        if page.is_empty() {
            break;
        }
        users.extend(page.into_iter().map(Row::from));
    }
    match call.form {
        Form::Json => print::json(&serde_json::json!({ "users": users }))?,
        Form::Text if users.is_empty() => {
            print::text("no users; `catchment user add NAME --role admin` makes one\n")?;
        }
        Form::Text => print::text(&table(&users, call.clock.now()))?,
    }
    Ok(Exit::Done)
}

fn table(users: &[Row], now: DateTime<Utc>) -> String {
    let columns = ["name", "role", "email", "active", "made"];
    let mut table = Table::new(&columns.map(|name| (name, Align::Left)));
    for user in users {
        let active = if user.active { "yes" } else { "no" };
        table.row([
            user.name.clone(),
            user.role.clone(),
            user.email.clone().unwrap_or_else(|| "-".to_owned()),
            active.to_owned(),
            print::ago(user.created_at, now),
        ]);
    }
    table.render()
}

fn told(call: &Call, text: &str, user: user::Model) -> anyhow::Result<Exit> {
    match call.form {
        Form::Json => print::json(&Row::from(user))?,
        Form::Text => print::text(&format!("{text}\n"))?,
    }
    Ok(Exit::Done)
}

/// The user of that name or e-mail address.
pub(super) async fn found(db: &DatabaseConnection, name: &str) -> anyhow::Result<user::Model> {
    let user = user::Entity::by_login(db, name).await?;
    user.ok_or_else(|| {
        anyhow!("there is no user `{name}`; `catchment user list` shows those that there are")
    })
}

/// Who has the database.
pub(super) fn by() -> By {
    By {
        actor: Some("cli".to_owned()),
        address: None,
    }
}

/// What is wrong with what was asked for is a fault of who asked.
pub(super) fn refused(why: Refused) -> anyhow::Error {
    match why {
        Refused::Faulty(faults) => {
            let faults = faults.into_iter().map(|(_, why)| why);
            Misuse(faults.collect::<Vec<_>>().join("\n")).into()
        }
        other => other.into(),
    }
}

/// From whoever sits at the terminal, without showing it, or a line of stdin: never from the command line, which
/// others can read.
fn password(name: &str) -> anyhow::Result<String> {
    if !io::stdin().is_terminal() {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        return Ok(line.trim_end_matches(['\n', '\r']).to_owned());
    }
    let terminal = Term::stderr();
    if !terminal.is_term() {
        let why =
            "the password is asked for on stderr, which is no terminal; write it to stdin instead";
        return Err(Misuse(why.to_owned()).into());
    }
    let ask = |question: &str| {
        terminal.write_str(question)?;
        terminal.read_secure_line()
    };
    let read = "the password cannot be read";
    let password = ask(&format!("Password of {name}: ")).context(read)?;
    let again = ask("The same again: ").context(read)?;
    match password == again {
        true => Ok(password),
        false => Err(Misuse("the two passwords are not the same".to_owned()).into()),
    }
}
