//! The one way out for failures: every error becomes a status, headers, and problems to tell.
//!
//! How these are written is `representation`'s.

use std::borrow::Cow;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use formwork_engine::compile::CompiledForm;
use formwork_engine::messages::{self, Languages, Locales};
use formwork_engine::submission::{PayloadFault, Violation};
use serde_json::{Map, Value};

use super::MAX_BODY_BYTES;
use super::headers::VERSION;
use super::json::JsonFault;
use super::measure::Codes;
use super::urlencoded::FormFault;
use crate::accounts::AccountError;
use crate::password::PasswordError;
use crate::store::StoreError;
use crate::workbench::TrialError;

/// As many headers as an answer usually has, so that their table need not grow.
const HEADERS: usize = 12;
/// Seconds after which a client may look whether the database can be written again.
const UNAVAILABLE_FOR: u64 = 5;

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// The key in `errors`.
    pub path: String,
    /// The JSON Pointer (RFC 6901) into the request's body.
    pub pointer: String,
    /// What programs go by.
    pub code: Cow<'static, str>,
    /// What the message is made of.
    pub params: Map<String, Value>,
    /// What people read.
    pub message: String,
}

impl Problem {
    /// A problem of the request as a whole.
    fn base(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            path: "base".into(),
            pointer: String::new(),
            code: code.into(),
            params: Map::new(),
            message: message.into(),
        }
    }

    /// A problem of a member of the request's body.
    pub(super) fn member(name: &str, code: &'static str, message: impl Into<String>) -> Self {
        let pointer = formwork_engine::schema::child("", name);
        Self { path: name.to_owned(), pointer, ..Self::base(code, message) }
    }

    /// A violation in the form's words.
    fn violation(
        form: &CompiledForm,
        locales: &Locales,
        languages: &Languages,
        violation: &Violation,
    ) -> Self {
        Self {
            path: violation.dotted_path(),
            pointer: violation.pointer(),
            code: violation.code.into(),
            params: violation.params(form),
            message: messages::text(form, locales, languages, violation),
        }
    }
}

/// Every way in which a request fails.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// No route has this path, or no form this name.
    #[error("not found")]
    NotFound,
    /// The route does not take this method.
    #[error("method not allowed")]
    MethodNotAllowed {
        /// The methods that it takes, where the router does not say so itself.
        allow: Option<&'static str>,
    },
    /// The body is not JSON that can be read one way only.
    #[error("malformed body")]
    Malformed(JsonFault),
    /// The body is no form that can be read one way only.
    #[error("malformed form")]
    MalformedForm(FormFault),
    /// The body did not arrive whole.
    #[error("incomplete body")]
    Incomplete,
    /// The body takes longer than it may.
    #[error("body too slow")]
    TooSlow,
    /// There is more to do than may wait.
    #[error("overloaded")]
    Overloaded {
        /// After how long there may be room.
        retry_after: Duration,
    },
    /// The body is larger than [`MAX_BODY_BYTES`].
    #[error("body too large")]
    TooLarge,
    /// The body is not said to be what the route takes.
    #[error("unsupported media type")]
    UnsupportedMediaType {
        /// What it takes.
        expected: &'static str,
    },
    /// A page that is not of this site sent a form.
    #[error("foreign page")]
    ForeignPage,
    /// There is no valid token where one is needed.
    #[error("unauthorized")]
    Unauthorized,
    /// The token does not cover the form.
    #[error("forbidden")]
    Forbidden,
    /// A policy of the form does not allow the request.
    #[error("not allowed")]
    NotAllowed {
        /// What the policy says to it.
        message: Option<String>,
    },
    /// The client submits the form more often than it may.
    #[error("too many requests")]
    TooManyRequests {
        /// After this time there is room for another.
        wait: Duration,
    },
    /// The members of the body are not those that the route takes.
    #[error("not acceptable")]
    NotAcceptable(Vec<Problem>),
    /// The form refuses the submission.
    #[error("invalid")]
    Invalid {
        /// What is wrong.
        problems: Vec<Problem>,
        /// The version that judged.
        version: String,
    },
    /// The idempotency key is none that could be kept, or there are several.
    #[error("invalid idempotency key")]
    InvalidKey,
    /// Another request was sent under the same idempotency key.
    #[error("idempotency key reused")]
    KeyReused,
    /// The form cannot compute a value.
    #[error(transparent)]
    Payload(#[from] PayloadFault),
    /// The database or a hash failed.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// A page of another origin asks for what is for pages of this one.
    #[error("foreign origin")]
    ForeignOrigin,
    /// The workbench of `serve --dev` is asked under a name that is not this machine's.
    #[error("foreign host")]
    ForeignHost,
    /// As much is being done at once as may be.
    #[error("busy")]
    Busy,
    /// We made a mistake.
    #[error("defect")]
    Defect,
}

impl ApiError {
    /// What a form has against a submission.
    pub(super) fn refused(
        form: &CompiledForm,
        locales: &Locales,
        languages: &Languages,
        violations: &[Violation],
    ) -> Self {
        let problems = problems(form, locales, languages, violations);
        Self::Invalid { problems, version: form.version().to_owned() }
    }
}

/// Violations in the form's words, and in the client's language.
#[must_use]
pub fn problems(
    form: &CompiledForm,
    locales: &Locales,
    languages: &Languages,
    violations: &[Violation],
) -> Vec<Problem> {
    violations.iter().map(|violation| Problem::violation(form, locales, languages, violation)).collect()
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::Account(error.into())
    }
}

impl From<TrialError> for ApiError {
    fn from(error: TrialError) -> Self {
        match error {
            TrialError::Busy => Self::Busy,
            TrialError::Defect => Self::Defect,
        }
    }
}

/// What the client is told; put beside the empty response until its representation is chosen.
#[derive(Clone)]
struct Failure {
    problems: Vec<Problem>,
}

/// How a client may say who it is.
const CHALLENGES: [&str; 2] = ["Token realm=\"formwork\"", "Bearer realm=\"formwork\""];

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut headers = HeaderMap::with_capacity(HEADERS);
        let (status, problems) = match self {
            Self::NotFound => {
                (StatusCode::NOT_FOUND, vec![Problem::base("not_found", "there is nothing here")])
            }
            Self::MethodNotAllowed { allow } => {
                headers.extend(allow.map(|allow| (header::ALLOW, HeaderValue::from_static(allow))));
                let problem = Problem::base("method_not_allowed", "this path does not take this method");
                (StatusCode::METHOD_NOT_ALLOWED, vec![problem])
            }
            Self::Malformed(fault) => {
                (StatusCode::BAD_REQUEST, vec![Problem::base(fault.code(), fault.message())])
            }
            Self::MalformedForm(fault) => {
                (StatusCode::BAD_REQUEST, vec![Problem::base(fault.code(), fault.message())])
            }
            Self::ForeignPage => {
                let message =
                    "the form was sent by another page than this site's; open it here, and send it again";
                forbidden("foreign_page", message)
            }
            Self::Incomplete => {
                (StatusCode::BAD_REQUEST, vec![Problem::base("incomplete", "the body did not arrive whole")])
            }
            Self::TooSlow => {
                let problem = Problem::base("timeout", "the body did not arrive in time");
                (StatusCode::REQUEST_TIMEOUT, vec![problem])
            }
            Self::TooLarge => {
                let message = format!("the body is larger than {} KiB", MAX_BODY_BYTES / 1024);
                (StatusCode::PAYLOAD_TOO_LARGE, vec![Problem::base("too_large", message)])
            }
            Self::UnsupportedMediaType { expected } => {
                let problem = Problem::base("unsupported_media_type", format!("send {expected}"));
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, vec![problem])
            }
            Self::Unauthorized => {
                for challenge in CHALLENGES {
                    headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
                }
                let message = "a valid API token is needed: this is not a public form";
                (StatusCode::UNAUTHORIZED, vec![Problem::base("unauthorized", message)])
            }
            Self::Forbidden => forbidden("forbidden", "the API token does not cover this form"),
            Self::NotAllowed { message } => {
                let message = message.unwrap_or_else(|| "this form does not take this request".to_owned());
                forbidden("not_allowed", message)
            }
            Self::TooManyRequests { wait } => {
                let seconds = whole_seconds(wait);
                headers.insert(header::RETRY_AFTER, seconds.into());
                let mut problem = Problem::base("too_many_requests", retry_message(seconds));
                problem.params.insert("retry_after".into(), seconds.into());
                (StatusCode::TOO_MANY_REQUESTS, vec![problem])
            }
            Self::NotAcceptable(problems) => (StatusCode::NOT_ACCEPTABLE, problems),
            Self::Invalid { problems, version } => {
                headers.extend(version_header(&version));
                (StatusCode::UNPROCESSABLE_ENTITY, problems)
            }
            Self::InvalidKey => {
                let message = "send one `Idempotency-Key` of 1 to 255 visible ASCII characters";
                (StatusCode::BAD_REQUEST, vec![Problem::base("invalid_idempotency_key", message)])
            }
            Self::KeyReused => {
                let message = "another request was sent under this `Idempotency-Key`; choose a new one";
                (StatusCode::UNPROCESSABLE_ENTITY, vec![Problem::base("idempotency_key_reused", message)])
            }
            Self::Payload(fault) | Self::Account(AccountError::Payload(fault)) => {
                tracing::error!(
                    place = fault.place,
                    reason = fault.reason,
                    "a form could not compute a value"
                );
                let message = "the form cannot compute a value; nothing was stored";
                (StatusCode::INTERNAL_SERVER_ERROR, vec![Problem::base("payload_failed", message)])
            }
            Self::Overloaded { retry_after } => overloaded(retry_after, &mut headers),
            Self::Account(error) => trouble(&error, &mut headers),
            Self::ForeignOrigin => {
                let message = "a page of another site asked for this; open it from the workbench itself";
                forbidden("foreign_origin", message)
            }
            Self::ForeignHost => {
                let message =
                    "the workbench of `serve --dev` answers to `localhost` and loopback addresses alone";
                forbidden("foreign_host", message)
            }
            Self::Busy => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
                let message = "as much is being done at once as may be; try again in a second";
                (StatusCode::SERVICE_UNAVAILABLE, vec![Problem::base("overloaded", message)])
            }
            Self::Defect => internal(),
        };
        let mut response = status.into_response();
        *response.headers_mut() = headers;
        response.extensions_mut().insert(Failure { problems });
        response
    }
}

fn forbidden(code: &'static str, message: impl Into<String>) -> (StatusCode, Vec<Problem>) {
    (StatusCode::FORBIDDEN, vec![Problem::base(code, message)])
}

/// What is told of trouble with passwords and the database, none of it the client's fault.
fn trouble(error: &AccountError, headers: &mut HeaderMap) -> (StatusCode, Vec<Problem>) {
    let logged = error as &dyn std::error::Error;
    let (code, message) = match error {
        AccountError::Store(StoreError::Overloaded { retry_after })
        | AccountError::Password(PasswordError::Overloaded { retry_after }) => {
            return overloaded(*retry_after, headers);
        }
        AccountError::Store(StoreError::Unavailable(_)) => {
            tracing::error!(error = logged, "the database cannot be written");
            headers.insert(header::RETRY_AFTER, HeaderValue::from(UNAVAILABLE_FOR));
            ("unavailable", "the database cannot be used for now; nothing was stored")
        }
        AccountError::Store(StoreError::Unknown(_)) => {
            tracing::error!(error = logged, "the database was lost before it answered");
            headers.insert(header::RETRY_AFTER, HeaderValue::from(UNAVAILABLE_FOR));
            let message = "the database was lost before it answered, and whether this was stored is not known; \
                under an `Idempotency-Key`, send it again";
            ("outcome_unknown", message)
        }
        _ => {
            // Here, at the edge, and nowhere else: the client is told nothing of it.
            tracing::error!(error = logged, "a request failed");
            return internal();
        }
    };
    (StatusCode::SERVICE_UNAVAILABLE, vec![Problem::base(code, message)])
}

fn overloaded(retry_after: Duration, headers: &mut HeaderMap) -> (StatusCode, Vec<Problem>) {
    headers.insert(header::RETRY_AFTER, whole_seconds(retry_after).max(1).into());
    let message = "the server has more to do than may wait; nothing was stored";
    (StatusCode::SERVICE_UNAVAILABLE, vec![Problem::base("overloaded", message)])
}

/// Never earlier than after `wait`: whoever comes back then finds room.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

fn retry_message(seconds: u64) -> String {
    let unit = if seconds == 1 { "second" } else { "seconds" };
    format!("this form was submitted too often; try again in {seconds} {unit}")
}

fn internal() -> (StatusCode, Vec<Problem>) {
    let problem = Problem::base("internal", "something went wrong on our side; nothing was stored");
    (StatusCode::INTERNAL_SERVER_ERROR, vec![problem])
}

/// Which version of a form answered.
pub(super) fn version_header(version: &str) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(HEADERS);
    if let Ok(value) = HeaderValue::from_str(version) {
        headers.insert(VERSION, value);
    }
    headers
}

/// Takes what a response tells of a failure, for those who say it in their own way; it is counted all the same.
pub(super) fn take_problems(response: &mut Response) -> Option<Vec<Problem>> {
    let Failure { problems } = response.extensions_mut().remove::<Failure>()?;
    response.extensions_mut().insert(Codes::of(&problems));
    Some(problems)
}
