//! Sends a request for a page, follows where it is sent on, and learns from each answer.

use entity::run::Counts;
use reqwest::{StatusCode, header::LOCATION};

use super::{
    Ask, Failed, Got,
    answer::{self, broken},
    proof::Proof,
    request::Call,
    secrets::Secrets,
    session::Session,
    token::Token,
};
use crate::{Ctx, error::SyncError};

/// Redirects that one request follows.
const MOST_REDIRECTS: usize = 5;

/// Sends the request for `ask` once, with `token` if the source gives one.
pub(super) async fn once(
    ctx: &Ctx,
    session: &Session,
    (ask, token): (Ask<'_>, Option<&Token>),
    counts: &mut Counts,
) -> Result<Got, Failed> {
    let value = token.map(|token| &token.value);
    let proof = Proof::of(&ask.source.auth, value).map_err(|why| SyncError::Unaskable {
        url: ask.source.base_url.to_string(),
        why,
    })?;
    let secrets = Secrets::of(ask.source, ask.plan);
    let secrets = secrets.and(value.into_iter().chain(&proof.secret()));
    let at = secrets.place(ask.at).ok_or_else(|| SyncError::Unaskable {
        url: ask.source.base_url.to_string(),
        why: "the way to the page led over a secret that the definition no longer names".to_owned(),
    })?;
    let ask = Ask { at: &at, ..ask };
    let mut call = Call::new(ask, &proof, &secrets)?;
    for _ in 0..=MOST_REDIRECTS {
        // It is on the way until its last byte came.
        let _slot = session.slot(ctx).await?;
        counts.requests += 1;
        let request = call.request(&session.http)?;
        let sent = session.send(ctx, request).await;
        let response =
            sent.map_err(|source| broken(call.target.shown.clone(), source, ask.source.timeout))?;
        let status = response.status();
        if call.target.is_own {
            session.learn(ask.source, &response);
        }
        if let Some(location) = location(&response) {
            call.redirect(status.as_u16(), &location)?;
            continue;
        }
        let known = (&session.pace, secrets.clone());
        let got = answer::read(response, ask, &call, known).await;
        return got.map_err(|failed| Failed {
            refused: token
                .filter(|_| status == StatusCode::UNAUTHORIZED && call.target.is_own)
                .map(|token| token.number),
            ..failed
        });
    }
    let why = format!("it redirects more than {MOST_REDIRECTS} times");
    let url = call.target.shown.clone();
    Err(SyncError::Unaskable { url, why }.into())
}

fn location(response: &reqwest::Response) -> Option<String> {
    const REDIRECTS: [u16; 5] = [301, 302, 303, 307, 308];
    let location = response.headers().get(LOCATION)?;
    REDIRECTS
        .contains(&response.status().as_u16())
        .then(|| String::from_utf8_lossy(location.as_bytes()).into_owned())
}
