//! The tap: how the syncers fare and what they are asked to do, at the socket, with a syncer that only the database knows.

mod asked;
mod events;
mod fares;
mod history;
mod operator;
mod syncer;
