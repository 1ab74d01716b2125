//! What an answer says when it is a no: RFC 9457.

use crate::api::schema;
use crate::{OidcFault, StaffError};
use aide::generate::GenContext;
use aide::openapi::{MediaType, Operation, Response as Documented, StatusCode as Status};
use aide::operation::OperationOutput;
use attache_engine::{Changed, EraseError, ReviewError, RunError};
use attache_journal::StoreError;
use attache_tools::PortError;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

/// A no, for a program and for a person.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    /// A stable word for it.
    pub(crate) code: &'static str,
    /// What is wrong and what to do.
    pub(crate) detail: String,
    /// What is not as it was, where that is what is wrong.
    pub(crate) changed: Vec<Changed>,
}

/// What is wrong (RFC 9457).
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Problem")]
pub(crate) struct Body<'a> {
    /// `urn:attache:problem:` and a stable word for it.
    r#type: String,
    /// What the status says.
    title: &'a str,
    /// The status.
    status: u16,
    /// What is wrong and what to do.
    detail: &'a str,
    /// What is not as it was, where that is what is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<&'a [Changed]>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), changed: Vec::new() }
    }

    pub(crate) fn refused(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "refused", detail)
    }

    pub(crate) fn unknown(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "unknown", detail)
    }

    pub(crate) fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// It as a problem document.
    pub(crate) fn body(&self) -> Body<'_> {
        Body {
            r#type: format!("urn:attache:problem:{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Problem"),
            status: self.status.as_u16(),
            detail: &self.detail,
            changed: Some(self.changed.as_slice()).filter(|changed| !changed.is_empty()),
        }
    }

    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
    }

    pub(crate) fn ours(detail: impl std::fmt::Display) -> Self {
        // What went wrong inside is for the log, not for whoever asked.
        tracing::error!(%detail, "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "a fault of ours; the log of the server says which")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body())).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }
}

impl OperationOutput for Problem {
    type Inner = Self;

    fn inferred_responses(ctx: &mut GenContext, _: &mut Operation) -> Vec<(Option<Status>, Documented)> {
        problems(ctx, &[403, 404, 409, 410, 422, 500, 503])
    }
}

/// What the document of the interface says of answers that are a no.
pub(crate) fn problems(ctx: &mut GenContext, statuses: &[u16]) -> Vec<(Option<Status>, Documented)> {
    let schema = schema(ctx.schema.subschema_for::<Body<'_>>());
    let one = |status: &u16| {
        let title = StatusCode::from_u16(*status).ok().and_then(|status| status.canonical_reason());
        let mut response = Documented { description: title.unwrap_or("Problem").to_owned(), ..Documented::default() };
        let content = MediaType { schema: Some(schema.clone()), ..MediaType::default() };
        response.content.insert("application/problem+json".to_owned(), content);
        (Some(Status::Code(*status)), response)
    };
    statuses.iter().map(one).collect()
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Closed | StoreError::Full | StoreError::Locked { .. } => Self::unavailable(error.to_string()),
            StoreError::Conflict { .. } => {
                Self::conflict("conflict", "somebody else wrote at the same time; look again")
            }
            StoreError::Erased { .. } => Self::new(StatusCode::GONE, "erased", error.to_string()),
            other => Self::ours(other),
        }
    }
}

impl From<RunError> for Problem {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Store(error) => error.into(),
            RunError::Unavailable { .. } => Self::unavailable(error.to_string()),
            RunError::NoPlaybook(_) => Self::refused(error.to_string()),
            RunError::Unknown(_) => Self::unknown(error.to_string()),
            other => Self::ours(other),
        }
    }
}

impl From<ReviewError> for Problem {
    fn from(error: ReviewError) -> Self {
        match error {
            ReviewError::Run(error) => error.into(),
            ReviewError::Decided(_) => Self::conflict("decided", error.to_string()),
            ReviewError::Same(_) => Self::conflict("same-person", error.to_string()),
            ReviewError::Stale { ref changed, .. } => {
                let changed = changed.clone();
                Self { changed, ..Self::new(StatusCode::PRECONDITION_FAILED, "stale", error.to_string()) }
            }
            ReviewError::Replaced { ref changed, .. } => {
                Self { changed: changed.clone(), ..Self::conflict("replaced", error.to_string()) }
            }
            ReviewError::Unknown(_) => Self::unknown(error.to_string()),
            ReviewError::Denied(_) | ReviewError::Fixed(_) | ReviewError::Mute | ReviewError::Name => {
                Self::refused(error.to_string())
            }
            other => Self::ours(other),
        }
    }
}

impl From<EraseError> for Problem {
    fn from(error: EraseError) -> Self {
        match error {
            EraseError::Store(error) => error.into(),
            EraseError::Unknown(_) => Self::unknown(error.to_string()),
            EraseError::Outbox(_) => Self::unavailable(error.to_string()),
            other => Self::ours(other),
        }
    }
}

impl From<StaffError> for Problem {
    fn from(error: StaffError) -> Self {
        match error {
            StaffError::Store(error) => error.into(),
            StaffError::Exists(_) | StaffError::Last => Self::conflict("conflict", error.to_string()),
            StaffError::Link | StaffError::Stranger | StaffError::Wrong => {
                Self::new(StatusCode::FORBIDDEN, "forbidden", error.to_string())
            }
            StaffError::Locked => Self::new(StatusCode::TOO_MANY_REQUESTS, "locked", error.to_string()),
            StaffError::Name | StaffError::Password => Self::refused(error.to_string()),
            StaffError::Unknown(_) => Self::unknown(error.to_string()),
        }
    }
}

impl From<OidcFault> for Problem {
    fn from(fault: OidcFault) -> Self {
        match fault {
            OidcFault::Elsewhere | OidcFault::Refused(_) | OidcFault::Stranger | OidcFault::Unproved(_) => {
                Self::new(StatusCode::FORBIDDEN, "forbidden", fault.to_string())
            }
            OidcFault::Store(error) => error.into(),
            // What exactly is for the log.
            OidcFault::Unreachable(_) => {
                Self::unavailable("the provider that vouches for you does not answer; try again later")
            }
        }
    }
}

impl From<PortError> for Problem {
    fn from(error: PortError) -> Self {
        Self::unavailable(error.to_string())
    }
}
