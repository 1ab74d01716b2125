//! What comes in with a request and what goes back, each with what the document of the interface says of it.

use crate::problem::{Problem, problems};
use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::{
    MediaType, Operation, Parameter, ParameterData, PathStyle, Response as Documented, SchemaObject,
    StatusCode as Status,
};
use aide::operation::{OperationOutput, ParamLocation, add_parameters, parameters_from_schema};
use axum::extract::rejection::{BytesRejection, JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Form, Json};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The body of a request, as JSON; what is wrong with it is a [`Problem`].
pub(crate) struct Given<T>(pub(crate) T);

/// The body of a request, as it came.
pub(crate) struct Raw(pub(crate) axum::body::Bytes);

/// The question of a request; what is wrong with it is a [`Problem`].
pub(crate) struct Asked<T>(pub(crate) T);

/// What the path of a request names.
pub(crate) struct At<T>(pub(crate) T);

/// The fields of a form.
pub(crate) struct Filled<T>(pub(crate) T);

/// The digest that `If-Match` names.
pub(crate) struct IfMatch(pub(crate) Option<String>);

/// What was made, and where it is.
pub(crate) struct Made<T> {
    pub(crate) at: Option<String>,
    pub(crate) body: T,
    /// Whether it tells a secret, which is told once.
    pub(crate) secret: bool,
}

/// Something that changes, with the tag of how it is now.
pub(crate) struct Tagged<T> {
    pub(crate) tag: String,
    pub(crate) body: T,
}

/// Something that a browser is to keep as a file.
pub(crate) struct Kept<T>(pub(crate) T);

/// It is done and there is nothing to tell.
pub(crate) struct Done;

/// Marks an answer that nothing keeps.
#[derive(Clone, Copy)]
pub(crate) struct ToldOnce;

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Given<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let Json(given) = Json::from_request(request, state).await?;
        Ok(Self(given))
    }
}

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        Ok(Self(axum::body::Bytes::from_request(request, state).await?))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Filled<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let form = Form::from_request(request, state).await;
        let Form(filled) = form.map_err(|e| Problem::new(e.status(), "form", e.body_text()))?;
        Ok(Self(filled))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(asked) = Query::from_request_parts(parts, state).await?;
        Ok(Self(asked))
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for At<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(at) = Path::from_request_parts(parts, state).await?;
        Ok(Self(at))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        tag(&parts.headers).map(Self)
    }
}

/// The strong tag of `If-Match`. Several, a weak one or `*` would approve what
/// nobody saw.
fn tag(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let tag = value.to_str().ok().and_then(|tag| tag.strip_prefix('"')?.strip_suffix('"'));
    let wrong = || Problem::refused("`If-Match`: expected the one ETag of the draft that was seen, in quotes");
    tag.filter(|tag| !tag.contains('"')).map(|tag| Some(tag.to_owned())).ok_or_else(wrong)
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        Self::new(rejection.status(), "body", rejection.body_text())
    }
}

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Self {
        Self::new(rejection.status(), "body", rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(rejection.status(), "query", rejection.body_text())
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        Self::new(rejection.status(), "path", rejection.body_text())
    }
}

impl<T: Serialize> IntoResponse for Made<T> {
    fn into_response(self) -> Response {
        let mut response = (StatusCode::CREATED, Json(self.body)).into_response();
        if let Some(at) = self.at.and_then(|at| HeaderValue::try_from(at).ok()) {
            response.headers_mut().insert(header::LOCATION, at);
        }
        if self.secret {
            response.extensions_mut().insert(ToldOnce);
        }
        response
    }
}

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        ([(header::ETAG, format!("\"{}\"", self.tag))], Json(self.body)).into_response()
    }
}

impl<T: Serialize> IntoResponse for Kept<T> {
    fn into_response(self) -> Response {
        ([(header::CONTENT_DISPOSITION, "attachment; filename=\"record.json\"")], Json(self.0)).into_response()
    }
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

impl<T: JsonSchema> OperationInput for Given<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        Json::<T>::operation_input(ctx, operation);
    }

    fn inferred_early_responses(ctx: &mut GenContext, _: &mut Operation) -> Vec<(Option<Status>, Documented)> {
        problems(ctx, &[400, 413, 415, 422])
    }
}

impl OperationInput for Raw {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        Json::<attache_context::Bundle>::operation_input(ctx, operation);
    }

    fn inferred_early_responses(ctx: &mut GenContext, _: &mut Operation) -> Vec<(Option<Status>, Documented)> {
        problems(ctx, &[400, 413, 422])
    }
}

impl<T: JsonSchema> OperationInput for Asked<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let schema = ctx.schema.subschema_for::<T>();
        let parameters = parameters_from_schema(ctx, schema, ParamLocation::Query);
        add_parameters(ctx, operation, parameters);
    }

    fn inferred_early_responses(ctx: &mut GenContext, _: &mut Operation) -> Vec<(Option<Status>, Documented)> {
        problems(ctx, &[400])
    }
}

impl<T: JsonSchema> OperationInput for At<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let schema = ctx.schema.subschema_for::<T>();
        let parameters = parameters_from_schema(ctx, schema, ParamLocation::Path);
        add_parameters(ctx, operation, parameters.into_iter().map(simple));
    }

    fn inferred_early_responses(ctx: &mut GenContext, _: &mut Operation) -> Vec<(Option<Status>, Documented)> {
        problems(ctx, &[400, 404])
    }
}

/// A part of a path is always there.
fn simple(parameter: Parameter) -> Parameter {
    match parameter {
        Parameter::Path { parameter_data, .. } => Parameter::Path {
            parameter_data: ParameterData { required: true, ..parameter_data },
            style: PathStyle::Simple,
        },
        other => other,
    }
}

impl OperationInput for IfMatch {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        header_parameter(ctx, operation, "If-Match", "The ETag of what was seen; anything else is refused with 412.");
    }

    fn inferred_early_responses(ctx: &mut GenContext, _: &mut Operation) -> Vec<(Option<Status>, Documented)> {
        problems(ctx, &[412, 428])
    }
}

/// Says that an operation takes this header, if whoever asks gives it.
pub(super) fn header_parameter(ctx: &mut GenContext, operation: &mut Operation, name: &str, description: &str) {
    let parameter_data = ParameterData {
        name: name.to_owned(),
        description: Some(description.to_owned()),
        required: false,
        deprecated: None,
        format: aide::openapi::ParameterSchemaOrContent::Schema(schema(ctx.schema.subschema_for::<String>())),
        example: None,
        examples: Default::default(),
        explode: None,
        extensions: Default::default(),
    };
    let style = aide::openapi::HeaderStyle::Simple;
    add_parameters(ctx, operation, [Parameter::Header { parameter_data, style }]);
}

pub(crate) fn schema(json_schema: schemars::Schema) -> SchemaObject {
    SchemaObject { json_schema, external_docs: None, example: None }
}

/// An answer whose body is JSON of that type.
pub(super) fn documented<T: JsonSchema>(
    ctx: &mut GenContext,
    status: u16,
    description: &str,
) -> Vec<(Option<Status>, Documented)> {
    let content = MediaType { schema: Some(schema(ctx.schema.subschema_for::<T>())), ..MediaType::default() };
    let mut response = Documented { description: description.to_owned(), ..Documented::default() };
    response.content.insert("application/json".to_owned(), content);
    vec![(Some(Status::Code(status)), response)]
}

impl<T: JsonSchema> OperationOutput for Made<T> {
    type Inner = T;

    fn inferred_responses(ctx: &mut GenContext, _: &mut Operation) -> Vec<(Option<Status>, Documented)> {
        documented::<T>(ctx, 201, "It is made.")
    }
}

impl<T: JsonSchema> OperationOutput for Tagged<T> {
    type Inner = T;

    fn inferred_responses(ctx: &mut GenContext, _: &mut Operation) -> Vec<(Option<Status>, Documented)> {
        documented::<T>(ctx, 200, "With its ETag, which a decision names in `If-Match`.")
    }
}

impl<T: JsonSchema> OperationOutput for Kept<T> {
    type Inner = T;

    fn inferred_responses(ctx: &mut GenContext, _: &mut Operation) -> Vec<(Option<Status>, Documented)> {
        documented::<T>(ctx, 200, "As a file to keep.")
    }
}

impl OperationOutput for Done {
    type Inner = ();

    fn inferred_responses(_: &mut GenContext, _: &mut Operation) -> Vec<(Option<Status>, Documented)> {
        vec![(Some(Status::Code(204)), Documented { description: "It is done.".to_owned(), ..Documented::default() })]
    }
}
