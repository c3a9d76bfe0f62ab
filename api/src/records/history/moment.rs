//! `as_of=`: a version of a resource, or a time at which it had one.

use chrono::{DateTime, SecondsFormat, Utc};
use entity::{dialect::Reader, resource, version};

use super::{Since, none_kept};
use crate::{
    AppState,
    fault::{Code, Fault},
    problem::Problem,
    registry::Resource,
};

/// The parameter's name.
pub(crate) const AS_OF: &str = "as_of";

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    Version(i64),
    Time(DateTime<Utc>),
}

impl Moment {
    /// # Errors
    /// The text is neither a version nor a time.
    pub(super) fn parse(text: &str) -> Result<Self, Vec<Fault>> {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let version = is_number.then(|| text.parse().unwrap_or(i64::MAX));
        let time = || Some(DateTime::parse_from_rfc3339(text).ok()?.to_utc());
        let moment = version.map(Self::Version);
        let moment = moment.or_else(|| time().map(Self::Time));
        moment.ok_or_else(|| {
            let detail = format!(
                "expected a version, as `17`, or a time, as `2026-11-21T08:00:00Z`, for `{AS_OF}`"
            );
            vec![Fault::new(AS_OF, Code::InvalidValue, detail)]
        })
    }

    /// The version that the resource had then.
    ///
    /// # Errors
    /// It is before the beginning of the history, or has not come yet.
    pub(super) async fn version(
        self,
        state: &AppState,
        (reader, resource): (&Reader, &Resource),
    ) -> Result<i64, Problem> {
        let since = Since::of(resource)?;
        match self {
            Self::Version(version) => {
                let reached = reached(state, resource, version).await?;
                if version > reached {
                    return Err(ahead(version, reached));
                }
                if version < since.version {
                    return Err(before(&format!("version {version}"), since));
                }
                Ok(version)
            }
            Self::Time(time) => {
                let now = state.clock.now();
                if time > now {
                    return Err(in_the_future(time, now));
                }
                let found = version::Entity::at(reader, resource.model.id, time).await?;
                let found = found.filter(|found| found.version >= since.version);
                let found = found.ok_or_else(|| before(&written(time), since))?;
                Ok(found.version)
            }
        }
    }
}

/// The version of the resource; read anew if a later one is asked for, which a change or an export may have told.
async fn reached(state: &AppState, resource: &Resource, asked: i64) -> Result<i64, Problem> {
    if asked <= resource.model.version {
        return Ok(resource.model.version);
    }
    state.registry.refresh(&state.db).await;
    let snapshot = state.registry.snapshot()?;
    let renewed = snapshot.by_id(resource.model.id);
    Ok(renewed.map_or(resource.model.version, |renewed| renewed.model.version))
}

/// Checks, after the reading, that the history was whole while it was read: a change of the key begins it anew.
///
/// # Errors
/// It begins later now, or there is none.
pub(super) async fn still_holds(
    reader: &Reader,
    resource: &Resource,
    version: i64,
) -> Result<(), Problem> {
    let since = resource::Entity::history_since(reader, resource.model.id).await?;
    match since {
        Some((since, _)) if since <= version => Ok(()),
        Some((since, at)) => {
            let since = Since { version: since, at };
            Err(before(&format!("version {version}"), since))
        }
        None => Err(Problem::refused(vec![none_kept(resource, AS_OF)])),
    }
}

fn ahead(version: i64, reached: i64) -> Problem {
    let detail = format!("version {version} has not come yet: the resource is at {reached}");
    let mut fault = Fault::new(AS_OF, Code::InvalidValue, detail);
    fault.allowed = vec![reached.to_string()];
    Problem::refused(vec![fault])
}

fn in_the_future(time: DateTime<Utc>, now: DateTime<Utc>) -> Problem {
    let (time, now) = (written(time), written(now));
    let detail = format!("{time} has not come yet: it is {now}");
    let mut fault = Fault::new(AS_OF, Code::InvalidValue, detail);
    fault.allowed = vec![now];
    Problem::refused(vec![fault])
}

fn before(asked: &str, since: Since) -> Problem {
    let at = since.at.map(written);
    let when = at.as_ref().map_or(String::new(), |at| format!(", of {at}"));
    let version = since.version;
    let detail =
        format!("the history begins at version {version}{when}; what was at {asked} is not known");
    let mut fault = Fault::new(AS_OF, Code::HistoryHorizon, detail);
    fault.allowed = std::iter::once(version.to_string()).chain(at).collect();
    Problem::refused(vec![fault])
}

/// As it may stand in a URL: without the sign of an offset, which is a blank there.
fn written(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_version_or_a_time() {
        let check = |text: &str, expected: Option<Moment>| {
            assert_eq!(Moment::parse(text).ok(), expected, "{text}");
        };
        let time = |seconds| DateTime::from_timestamp(seconds, 0).map(Moment::Time);
        check("0", Some(Moment::Version(0)));
        check("17", Some(Moment::Version(17)));
        check("99999999999999999999", Some(Moment::Version(i64::MAX)));
        check("1970-01-01T00:00:07Z", time(7));
        check("1970-01-01T02:00:07+02:00", time(7));
        for text in [
            "",
            "-1",
            "+1",
            "1.5",
            "yesterday",
            "2026-11-21",
            "1970-01-01T00:00:07",
        ] {
            check(text, None);
        }
    }
}
