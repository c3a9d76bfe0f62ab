//! What a body says of a user: who is to be made, what is to be another, and what a user says of itself.

use entity::{
    access::{Role, RoleError},
    profile::Change,
    user::spelt,
};
use serde_json::{Map, Value};

use crate::{
    body::{FromMembers, Members},
    identity::account::{NewUser, email_fault, name_fault},
};

/// Most characters of a first or last name, and of a phone number.
const LONGEST_NAME: usize = 255;
const LONGEST_PHONE: usize = 64;
/// Fewest and most digits of a phone number: E.164 has at most 15, and an extension may follow.
const DIGITS: std::ops::RangeInclusive<usize> = 3..=20;
/// Most bytes of the attributes, as compact JSON.
const LONGEST_ATTRIBUTES: usize = 16 * 1024;

/// A user whom an admin makes.
#[derive(Clone)]
pub(crate) struct Created {
    pub(super) user: NewUser,
    pub(super) attributes: Option<String>,
}

impl FromMembers for Created {
    fn from_members(members: &mut Members) -> Self {
        let user = NewUser {
            name: members.text("name"),
            email: members.text_if_any("email"),
            role: role(members).unwrap_or(Role::Reader),
            password: members.text("password"),
            first_name: named(members, "first_name"),
            last_name: named(members, "last_name"),
            phone: phone(members),
        };
        let attributes = attributes(members);
        for (member, fault) in user.faults() {
            // Of what is missing or no text that is said already.
            if !members.is_faulty(member) {
                members.fault(member, fault);
            }
        }
        Self { user, attributes }
    }
}

/// What an admin changes of a user: what is not there stays, and null takes away what there was.
#[derive(Clone, Default)]
pub(crate) struct Changes {
    pub(super) change: Change,
    /// Not hashed yet.
    pub(super) password: Option<String>,
}

impl FromMembers for Changes {
    fn from_members(members: &mut Members) -> Self {
        for name in ["name", "role", "active", "password"] {
            if members.is_null(name) {
                members.fault(
                    name,
                    format!("`{name}`: every user has one; leave it out, or write another"),
                );
            }
        }
        let name = members.text_if_any("name").map(|name| spelt(&name));
        if let Some(fault) = name.as_deref().and_then(name_fault) {
            members.fault("name", fault);
        }
        let change = Change {
            name,
            email: or_null(members, "email", email),
            role: role(members),
            active: members.flag_if_any("active"),
            password_hash: None,
            first_name: or_null(members, "first_name", |members| {
                named(members, "first_name")
            }),
            last_name: or_null(members, "last_name", |members| named(members, "last_name")),
            phone: or_null(members, "phone", phone),
            attributes: or_null(members, "attributes", attributes).map(or_none),
        };
        let password = members.text_if_any("password");
        Self { change, password }
    }
}

/// What a user says of itself, all of it: what is not there is taken away.
#[derive(Clone, Default)]
pub(crate) struct Profile(pub(super) Change);

impl FromMembers for Profile {
    fn from_members(members: &mut Members) -> Self {
        Self(Change {
            email: Some(email(members)),
            first_name: Some(named(members, "first_name")),
            last_name: Some(named(members, "last_name")),
            phone: Some(phone(members)),
            attributes: Some(or_none(attributes(members))),
            ..Change::default()
        })
    }
}

/// What `read` finds; null if that is given; `None` if nothing is.
fn or_null<T>(
    members: &mut Members,
    name: &str,
    read: impl FnOnce(&mut Members) -> Option<T>,
) -> Option<Option<T>> {
    let is_null = members.is_null(name);
    match read(members) {
        None if !is_null => None,
        found => Some(found),
    }
}

fn or_none(attributes: Option<String>) -> String {
    attributes.unwrap_or_else(|| "{}".to_owned())
}

fn role(members: &mut Members) -> Option<Role> {
    let role = members.text_if_any("role")?.parse();
    role.map_err(|error: RoleError| members.fault("role", error.to_string()))
        .ok()
}

fn email(members: &mut Members) -> Option<String> {
    let email = members.text_if_any("email").map(|email| spelt(&email));
    if let Some(fault) = email.as_deref().and_then(email_fault) {
        members.fault("email", fault);
    }
    email
}

/// A first or last name: whatever people are called.
fn named(members: &mut Members, name: &'static str) -> Option<String> {
    let text = members.text_if_any(name)?.trim().to_owned();
    let is_good = (1..=LONGEST_NAME).contains(&text.chars().count());
    if !is_good || text.chars().any(char::is_control) {
        members.fault(
            name,
            format!(
                "`{name}`: write 1 to {LONGEST_NAME} characters, on one line; null takes it away"
            ),
        );
    }
    Some(text)
}

/// A phone number, as people write it.
fn phone(members: &mut Members) -> Option<String> {
    let text = members.text_if_any("phone")?.trim().to_owned();
    if !is_phone(&text) {
        let (fewest, most) = (DIGITS.start(), DIGITS.end());
        members.fault(
            "phone",
            format!(
                "`phone`: write {fewest} to {most} digits, with blanks and `+-()./` between them, like +49 30 1234567; \
                 null takes it away"
            ),
        );
    }
    Some(text)
}

fn is_phone(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_known = |c: char| c.is_ascii_digit() || " +-()./".contains(c);
    text.len() <= LONGEST_PHONE && DIGITS.contains(&digits) && text.chars().all(is_known)
}

/// The attributes as compact JSON.
fn attributes(members: &mut Members) -> Option<String> {
    let attributes: Map<String, Value> = members.object_if_any("attributes")?;
    let text = Value::Object(attributes).to_string();
    if text.len() > LONGEST_ATTRIBUTES {
        let bytes = text.len();
        members.fault(
            "attributes",
            format!("`attributes` have {bytes} bytes; they may have at most {LONGEST_ATTRIBUTES}"),
        );
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::is_phone;

    #[test]
    fn a_phone_number_is_digits_and_what_people_put_between_them() {
        let check = |text: &str, good: bool| assert_eq!(is_phone(text), good, "{text}");
        check("+49 30 1234567", true);
        check("(030) 123-45.67/8", true);
        check("110", true);
        check("11", false);
        check("", false);
        check("call me", false);
        check("+49 30 1234567 ext 5", false);
        check("123456789012345678901", false);
        check(&format!("1{}23", " ".repeat(63)), false);
    }
}
