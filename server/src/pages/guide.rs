//! The interface as a page that a person can read; it loads nothing from elsewhere.

use super::{shown, told};
use crate::desk::Desk;
use crate::problem::Problem;
use aide::openapi::{OpenApi, Operation, Parameter, ReferenceOr};
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use serde::Serialize;
use std::sync::Arc;
use tera::Context;

/// One thing that can be asked for.
#[derive(Serialize)]
struct Entry {
    id: String,
    method: &'static str,
    path: String,
    summary: String,
    takes: Vec<Taken>,
    /// The schema of the body, as JSON.
    body: Option<String>,
    answers: Vec<(String, String)>,
}

/// A parameter.
#[derive(Serialize)]
struct Taken {
    name: String,
    place: &'static str,
    required: bool,
    what: String,
}

pub(crate) async fn show(State(desk): State<Arc<Desk>>) -> Response {
    shown(&desk, guide(&desk))
}

fn guide(desk: &Desk) -> Result<Response, Problem> {
    let mut context = Context::new();
    context.insert("title", &desk.document.info.title);
    context.insert("version", &desk.document.info.version);
    context.insert("about", &desk.document.info.description);
    let groups: Vec<_> = desk.document.tags.iter().map(|tag| (&tag.name, entries(&desk.document, &tag.name))).collect();
    context.insert("groups", &groups);
    Ok(Html(desk.pages.render("guide.html", &context).map_err(told)?).into_response())
}

fn entries(document: &OpenApi, tag: &str) -> Vec<Entry> {
    let paths = document.paths.iter().flat_map(|paths| &paths.paths);
    let all = paths.flat_map(|(path, item)| {
        let methods = match item {
            ReferenceOr::Item(item) => {
                vec![("GET", &item.get), ("POST", &item.post), ("PUT", &item.put), ("DELETE", &item.delete)]
            }
            ReferenceOr::Reference { .. } => Vec::new(),
        };
        methods.into_iter().filter_map(move |(method, operation)| Some((path, method, operation.as_ref()?)))
    });
    let ours = all.filter(|(_, _, operation)| operation.tags.iter().any(|one| one == tag));
    ours.map(|(path, method, operation)| entry(document, path, method, operation)).collect()
}

fn entry(document: &OpenApi, path: &str, method: &'static str, operation: &Operation) -> Entry {
    let takes = operation.parameters.iter().filter_map(|parameter| match parameter {
        ReferenceOr::Item(parameter) => Some(taken(parameter)),
        ReferenceOr::Reference { .. } => None,
    });
    let body = operation.request_body.as_ref().and_then(|body| match body {
        ReferenceOr::Item(body) => body.content.values().next()?.schema.as_ref(),
        ReferenceOr::Reference { .. } => None,
    });
    let answers = operation.responses.iter().flat_map(|responses| &responses.responses);
    Entry {
        id: operation.operation_id.clone().unwrap_or_default(),
        method,
        path: path.to_owned(),
        summary: operation.summary.clone().unwrap_or_default(),
        takes: takes.collect(),
        body: body.and_then(|schema| resolved(document, &schema.json_schema)),
        answers: answers
            .filter_map(|(status, response)| match response {
                ReferenceOr::Item(response) => Some((status.to_string(), response.description.clone())),
                ReferenceOr::Reference { .. } => None,
            })
            .collect(),
    }
}

fn taken(parameter: &Parameter) -> Taken {
    let place = match parameter {
        Parameter::Cookie { .. } => "cookie",
        Parameter::Header { .. } => "header",
        Parameter::Path { .. } => "path",
        Parameter::Query { .. } => "query",
    };
    let data = parameter.parameter_data_ref();
    let what = data.description.clone().unwrap_or_default();
    Taken { name: data.name.clone(), place, required: data.required, what }
}

/// A schema as a person reads it: what it refers to stands in its place.
fn resolved(document: &OpenApi, schema: &schemars::Schema) -> Option<String> {
    let name = schema.get("$ref").and_then(|to| to.as_str()).and_then(|to| to.rsplit('/').next());
    let found = name.and_then(|name| document.components.as_ref()?.schemas.get(name));
    let shown = found.map_or(schema, |found| &found.json_schema);
    serde_json::to_string_pretty(shown).ok()
}
