//! The document of the interface, made from the routes themselves (OpenAPI 3.1).

use super::exchange::header_parameter;
use crate::problem::problems;
use aide::axum::ApiRouter;
use aide::generate::in_context;
use aide::openapi::{Info, OpenApi, Operation, PathItem, ReferenceOr, SecurityScheme, Server, StatusCode, Tag};
use aide::transform::TransformOperation;
use axum::Router;
use schemars::generate::SchemaSettings;
use std::collections::BTreeSet;

const ABOUT: &str = "Every no is a problem document (RFC 9457). Every write takes an `Idempotency-Key`: the same key \
    with the same body gives the same answer and does nothing twice. Lists come in pages; `next` is the `cursor` of the \
    page after.";

const SCHEME: &str = "token";

/// What every operation is told with: its name, its group and what it does.
pub(super) fn told(
    id: &'static str,
    tag: &'static str,
    summary: &'static str,
) -> impl FnOnce(TransformOperation<'_>) -> TransformOperation<'_> {
    move |operation| operation.id(id).tag(tag).summary(summary)
}

/// Runs `routes` with schemas as OpenAPI 3.1 has them, and gives the router
/// with its document.
pub(super) fn described<S: Clone + Send + Sync + 'static>(
    routes: impl FnOnce() -> ApiRouter<S>,
) -> (Router<S>, OpenApi) {
    aide::generate::reset_context();
    in_context(|ctx| {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = "#/components/schemas/".into();
            settings.meta_schema = None;
        });
        ctx.schema = settings.into_generator();
    });
    let mut api = OpenApi {
        info: Info {
            title: "Attaché".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            description: Some(ABOUT.to_owned()),
            ..Info::default()
        },
        servers: vec![Server { url: "/".to_owned(), ..Server::default() }],
        ..OpenApi::default()
    };
    let router = routes().finish_api_with(&mut api, |mut api| {
        whole(api.inner_mut());
        api
    });
    (router, api)
}

/// What holds for the interface as a whole.
fn whole(api: &mut OpenApi) {
    let scheme = SecurityScheme::Http {
        scheme: "bearer".to_owned(),
        bearer_format: None,
        description: Some("A token of `POST /v1/tokens`.".to_owned()),
        extensions: Default::default(),
    };
    let components = api.components.get_or_insert_with(Default::default);
    components.security_schemes.insert(SCHEME.to_owned(), ReferenceOr::Item(scheme));
    let mut tags = BTreeSet::new();
    let items = api.paths.iter_mut().flat_map(|paths| &mut paths.paths);
    for (_, item) in items {
        let ReferenceOr::Item(item) = item else { continue };
        for (writes, operation) in operations(item) {
            tags.extend(operation.tags.iter().cloned());
            complete(operation, writes);
        }
    }
    api.tags = tags.into_iter().map(|name| Tag { name, ..Tag::default() }).collect();
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (bool, &mut Operation)> {
    let all = [(false, &mut item.get), (true, &mut item.post), (true, &mut item.put), (true, &mut item.delete)];
    all.into_iter().filter_map(|(writes, operation)| Some((writes, operation.as_mut()?)))
}

/// What holds for every operation of its kind.
fn complete(operation: &mut Operation, writes: bool) {
    in_context(|ctx| {
        let mut statuses = vec![429, 504];
        if writes {
            let what =
                "1 to 255 visible characters. The same key with the same request gives the same answer for a day.";
            header_parameter(ctx, operation, "Idempotency-Key", what);
            statuses.extend([400, 409, 410, 413, 422]);
        }
        let known = operation.responses.get_or_insert_with(Default::default);
        for (status, response) in problems(ctx, &statuses) {
            let Some(status) = status else { continue };
            known.responses.entry(status).or_insert(ReferenceOr::Item(response));
        }
        known.responses.sort_by_cached_key(|status, _| status.to_string());
        if known.responses.contains_key(&StatusCode::Code(401)) {
            operation.security.push([(SCHEME.to_owned(), Vec::new())].into_iter().collect());
        }
    });
}
