//! Who there is, and what was done: users, their profiles, and the audit.

mod asker;
mod audit;
mod details;
mod me;
mod refusal;
mod shown;
mod users;

use asker::Asker;

pub(crate) use self::{
    audit::audit,
    me::{change_me, me},
    users::{change, create, list, one, remove},
};
