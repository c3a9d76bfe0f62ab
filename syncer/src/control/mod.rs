//! The hand of operators, in the database: what was asked for is looked up, taken, obeyed and answered, and a run under way
//! tells how far it has come and heeds who wants it to end.

/// One command, to its answer.
mod answer;
/// What became of a run that a command is about.
mod fate;
/// The hand on a run under way.
mod hand;
/// How far a run has come, and how fast.
mod moved;
/// Commands looked up and taken.
mod watch;

pub(crate) use self::{
    fate::is_over,
    hand::{Hand, Under, begun},
    watch::{Started, arrive},
};
