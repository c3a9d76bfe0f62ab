//! The kinds of problems: the name, the status and the meaning of each.

use axum::http::StatusCode;

/// What kinds of problems there are. Their names are part of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Deserialize), serde(rename_all = "kebab-case"))]
pub(crate) enum Kind {
    InvalidParameter,
    UnknownParameter,
    CursorInvalid,
    CursorMismatch,
    InvalidPath,
    MalformedBody,
    InvalidBody,
    UnsupportedMediaType,
    Unauthenticated,
    Forbidden,
    Conflict,
    PreconditionFailed,
    NotFound,
    NotMirrored,
    MethodNotAllowed,
    NotAcceptable,
    ChangesHorizon,
    HistoryHorizon,
    TooLarge,
    UriTooLong,
    HeadersTooLarge,
    QuotaExceeded,
    LoginThrottled,
    Internal,
    NotReady,
    StaleBeyondLimit,
    Overloaded,
    QueryTimeout,
}

impl Kind {
    pub(crate) const ALL: [Self; 28] = [
        Self::InvalidParameter,
        Self::UnknownParameter,
        Self::CursorInvalid,
        Self::CursorMismatch,
        Self::InvalidPath,
        Self::MalformedBody,
        Self::InvalidBody,
        Self::UnsupportedMediaType,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::Conflict,
        Self::PreconditionFailed,
        Self::NotFound,
        Self::NotMirrored,
        Self::MethodNotAllowed,
        Self::NotAcceptable,
        Self::ChangesHorizon,
        Self::HistoryHorizon,
        Self::TooLarge,
        Self::UriTooLong,
        Self::HeadersTooLarge,
        Self::QuotaExceeded,
        Self::LoginThrottled,
        Self::Internal,
        Self::NotReady,
        Self::StaleBeyondLimit,
        Self::Overloaded,
        Self::QueryTimeout,
    ];

    pub(super) fn of_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.slug() == slug)
    }

    /// Names the kind in an answer, and is where its page is.
    pub(crate) fn url(self) -> String {
        format!("/problems/{}", self.slug())
    }

    pub(crate) fn slug(self) -> &'static str {
        match self {
            Self::InvalidParameter => "invalid-parameter",
            Self::UnknownParameter => "unknown-parameter",
            Self::CursorInvalid => "cursor-invalid",
            Self::CursorMismatch => "cursor-mismatch",
            Self::InvalidPath => "invalid-path",
            Self::MalformedBody => "malformed-body",
            Self::InvalidBody => "invalid-body",
            Self::UnsupportedMediaType => "unsupported-media-type",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::Conflict => "conflict",
            Self::PreconditionFailed => "precondition-failed",
            Self::LoginThrottled => "login-throttled",
            Self::NotFound => "not-found",
            Self::NotMirrored => "not-mirrored",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::NotAcceptable => "not-acceptable",
            Self::ChangesHorizon => "changes-horizon",
            Self::HistoryHorizon => "history-horizon",
            Self::TooLarge => "too-large",
            Self::HeadersTooLarge => "headers-too-large",
            Self::UriTooLong => "uri-too-long",
            Self::QuotaExceeded => "quota-exceeded",
            Self::Internal => "internal",
            Self::NotReady => "not-ready",
            Self::StaleBeyondLimit => "stale-beyond-limit",
            Self::Overloaded => "overloaded",
            Self::QueryTimeout => "query-timeout",
        }
    }

    /// The slug as programs branch on it: `NOT_FOUND`.
    pub(crate) fn code(self) -> String {
        self.slug().replace('-', "_").to_uppercase()
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::InvalidParameter => "A parameter is not valid",
            Self::UnknownParameter => "A parameter is not known",
            Self::CursorInvalid => "The cursor is not one of ours",
            Self::CursorMismatch => "The cursor belongs to another list",
            Self::InvalidPath => "The path is not valid",
            Self::MalformedBody => "The body cannot be read",
            Self::InvalidBody => "The body is not valid",
            Self::UnsupportedMediaType => "The body is in a form that is not read",
            Self::Unauthenticated => "Nobody knows who asks",
            Self::Forbidden => "Not allowed",
            Self::Conflict => "It is not so now",
            Self::PreconditionFailed => "It is another by now",
            Self::LoginThrottled => "Too many wrong logins",
            Self::NotFound => "Not found",
            Self::NotMirrored => "Not known in the shape of the upstream",
            Self::MethodNotAllowed => "The method is not allowed here",
            Self::NotAcceptable => "There is no such form of it",
            Self::ChangesHorizon => "The changes since then cannot be told",
            Self::HistoryHorizon => "The history begins later",
            Self::TooLarge => "The body is too large",
            Self::HeadersTooLarge => "The headers are too large",
            Self::UriTooLong => "The URL is too long",
            Self::QuotaExceeded => "Too many requests",
            Self::Internal => "Internal error",
            Self::NotReady => "Not ready",
            Self::StaleBeyondLimit => "Not fresh enough",
            Self::Overloaded => "Too much at once",
            Self::QueryTimeout => "The query took too long",
        }
    }

    /// What it means, and what to do.
    #[expect(
        clippy::too_many_lines,
        reason = "a text for each kind, and nothing else"
    )]
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::InvalidParameter => {
                "One or more parameters of the query were refused. `errors` lists them all, each \
                 with the reason and, where they can be listed, the values that are accepted."
            }
            Self::UnknownParameter => {
                "The query names a parameter that the list does not have. `errors` has the \
                 parameters that it does have, and the nearest one."
            }
            Self::CursorInvalid => {
                "The cursor was not given out by this api, was changed on its way, or is from before a \
                 restart where no `api.cursor_secret` is set. Begin again at the first page, without \
                 `cursor`."
            }
            Self::CursorMismatch => {
                "The cursor was given out for a list with other filters or another order. Send it \
                 with the parameters of the page that it came from, or begin again without `cursor`."
            }
            Self::InvalidPath => {
                "The URL's path cannot be read: once its percent-encoding is undone, it must be UTF-8."
            }
            Self::MalformedBody => {
                "The body is no JSON, or not of the form that the operation takes; the detail says where. The document at `/api/openapi.json` has the form."
            }
            Self::InvalidBody => {
                "The body can be read, and one or more of its members were refused. `errors` lists them all, each with the member, the reason and, where they can be listed, the values that are accepted."
            }
            Self::UnsupportedMediaType => {
                "The `Content-Type` of the request is none of those that the operation takes; the detail lists them."
            }
            Self::Unauthenticated => {
                "The request needs a login or a key and has none, or one that is not known, has expired or was ended. Log in anew, or send a key in `X-API-Key`."
            }
            Self::Forbidden => {
                "Who asks is known, and may not do this. The detail says which scope or role it takes."
            }
            Self::Conflict => {
                "What the request is about is in a state that does not allow it; the detail says which. Look at it anew."
            }
            Self::PreconditionFailed => {
                "What the request is about has changed since the `ETag` in `If-Match` was given out. Get it anew, and decide anew."
            }
            Self::LoginThrottled => {
                "There were too many wrong logins for this account or from this address. `Retry-After` says when the next one is looked at; it does not matter whether its password is right."
            }
            Self::NotFound => {
                "There is no such page, source, resource or record, or it is there no more. `errors` \
                 says which part of a mirrored resource's path it was; `/api/v1/catalog` lists what is \
                 mirrored."
            }
            Self::NotMirrored => {
                "The upstream may answer this, and nothing that was mirrored says what. `errors` lists the \
                 paths that are known, and why a resource is not; its rows are under `/api/v1` all the same."
            }
            Self::MethodNotAllowed => {
                "The URL is there, but not for this method. The `Allow` header has those that are."
            }
            Self::NotAcceptable => {
                "The `Accept` header takes none of the forms that there are of this; the detail lists \
                 them. Without the header the first of them comes."
            }
            Self::TooLarge => {
                "The request has a body that is larger than any that is read. Requests that read send none."
            }
            Self::HeadersTooLarge => {
                "The request's headers together are longer than any client needs. Send fewer, or \
                 shorter ones; cookies are not read."
            }
            Self::ChangesHorizon => {
                "Rows were removed or given other keys since that version without a trace, or the version \
                 is ahead of the resource's: it is another database's, or one's that began anew. Take a \
                 snapshot, an export or a list, and ask for the changes since its version."
            }
            Self::HistoryHorizon => {
                "What the records were before the history of their resource began is not known. `errors` says \
                 at which version and time that was."
            }
            Self::UriTooLong => "The URL is longer than any list needs. Ask for less at once.",
            Self::QuotaExceeded => {
                "The caller asked for more than one may in a time. `RateLimit-Policy` says how many units \
                 that are, and `RateLimit` what is left. An answer that has to be made costs more units \
                 than one that is kept, and a `304` none: ask with `If-None-Match` where you have a copy."
            }
            Self::Internal => {
                "The request was in order and still failed. The log has the reason under the \
                 `request_id` of the answer; tell it to whoever runs this api."
            }
            Self::NotReady => {
                "The database cannot be reached, its schema is not made yet, or a new resource is being \
                 filled and its fields have no index until that is done; the detail says which. The same \
                 request may succeed shortly."
            }
            Self::StaleBeyondLimit => {
                "The last complete run of the resource ended longer ago than `max_staleness` bears. \
                 `Retry-After` says when the next one is due. Without the parameter the rows are served, \
                 and `meta` says how old they are."
            }
            Self::Overloaded => {
                "As many requests, or as many of this kind, are under way as there may be at once. The same \
                 request may succeed when one of them has ended."
            }
            Self::QueryTimeout => {
                "The query took longer than a request may. Filter by more fields, ask for fewer \
                 rows, or try again when there is less to do."
            }
        }
    }

    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::InvalidParameter
            | Self::UnknownParameter
            | Self::CursorInvalid
            | Self::CursorMismatch
            | Self::InvalidPath
            | Self::MalformedBody => StatusCode::BAD_REQUEST,
            Self::InvalidBody => StatusCode::UNPROCESSABLE_ENTITY,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::Conflict => StatusCode::CONFLICT,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::NotFound | Self::NotMirrored => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::ChangesHorizon | Self::HistoryHorizon => StatusCode::GONE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::UriTooLong => StatusCode::URI_TOO_LONG,
            Self::QuotaExceeded | Self::LoginThrottled => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::NotReady | Self::StaleBeyondLimit | Self::Overloaded => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::QueryTimeout => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// Whether the same request may succeed later.
    pub(crate) fn retryable(self) -> bool {
        matches!(
            self,
            Self::QuotaExceeded
                | Self::LoginThrottled
                | Self::NotReady
                | Self::StaleBeyondLimit
                | Self::Overloaded
                | Self::QueryTimeout
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn the_list_is_of_all_kinds() {
        // What serde says of a name that is none lists all that are.
        let error = serde_json::from_str::<Kind>("\"\"").expect_err("no kind is without a name");
        let error = error.to_string();
        let names: Vec<&str> = error.split('`').skip(3).step_by(2).collect();
        assert_eq!(names, Kind::ALL.map(Kind::slug), "{error}");
    }
}
