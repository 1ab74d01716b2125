//! Who asks: from the session or the token, never from what they send.

use crate::desk::Desk;
use crate::problem::{Problem, problems};
use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::{Operation, Response as Documented, StatusCode as Status};
use attache_journal::Right;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use cookie::Cookie;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The name of the session's cookie.
pub(crate) const COOKIE: &str = "attache_session";
/// The name of the cookie that binds a sign-in elsewhere to the browser that began it.
const AWAY: &str = "attache_sign_in";
/// For how long somebody may be at the provider.
const AWAY_FOR: cookie::time::Duration = cookie::time::Duration::minutes(10);
/// The header that a script of the desk sends its form token in.
const CSRF: &str = "x-csrf-token";

/// Whoever asks, and what they may do.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    pub(crate) name: String,
    pub(crate) rights: BTreeSet<Right>,
    /// What each form of theirs carries; absent for a program with a token.
    pub(crate) csrf: Option<String>,
}

impl Who {
    /// Goes on only if they may.
    pub(crate) fn may(&self, right: Right) -> Result<(), Problem> {
        if self.rights.contains(&right) {
            return Ok(());
        }
        let detail = format!("{} may not `{right}`; an administrator gives roles and scopes", self.name);
        Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail))
    }

    /// Goes on only if the form is one that we gave them.
    pub(crate) fn gave(&self, form: &str) -> Result<(), Problem> {
        match &self.csrf {
            Some(csrf) if csrf != form => Err(Problem::new(
                StatusCode::FORBIDDEN,
                "form",
                "this form is not of your session; load the page again",
            )),
            Some(_) | None => Ok(()),
        }
    }
}

impl FromRequestParts<Arc<Desk>> for Who {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Self, Problem> {
        let who = find(&parts.headers, desk).ok_or_else(|| {
            let detail = "sign in, or send `Authorization: Bearer TOKEN`";
            Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
        })?;
        // A page of somebody else can make a browser send its cookie, and no header of ours.
        let changes = !parts.method.is_safe();
        let form = parts.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(FORM));
        if changes && !form {
            who.gave(parts.headers.get(CSRF).and_then(|value| value.to_str().ok()).unwrap_or_default())?;
        }
        Ok(who)
    }
}

impl OperationInput for Who {
    fn inferred_early_responses(ctx: &mut GenContext, _: &mut Operation) -> Vec<(Option<Status>, Documented)> {
        problems(ctx, &[401, 403])
    }
}

/// Forms carry their token as a field, which their handler checks.
const FORM: &[u8] = b"application/x-www-form-urlencoded";

/// Whoever these headers prove to be.
pub(crate) fn find(headers: &HeaderMap, desk: &Desk) -> Option<Who> {
    let staff = &desk.parts.staff;
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (name, rights) = staff.token(value.to_str().ok()?.strip_prefix("Bearer ")?)?;
        return Some(Who { name, rights, csrf: None });
    }
    let (session, rights) = staff.session(&secret(headers)?)?;
    Some(Who { name: session.name, rights, csrf: Some(session.csrf) })
}

/// What the browser holds.
pub(crate) fn secret(headers: &HeaderMap) -> Option<String> {
    held(headers, COOKIE)
}

/// What the browser holds while its person is at the provider that vouches for them.
pub(crate) fn away(headers: &HeaderMap) -> Option<String> {
    held(headers, AWAY)
}

fn held(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).find_map(|value| {
        let ours = |cookie: &Cookie<'_>| cookie.name() == name;
        Cookie::split_parse(value).filter_map(Result::ok).find(ours).map(|cookie| cookie.value().to_owned())
    })
}

/// The cookie that makes a browser hold `secret`; with none, it forgets.
pub(crate) fn cookie(desk: &Desk, secret: Option<String>) -> String {
    holding(desk, COOKIE, "/", secret).to_string()
}

/// The cookie of [`away`], for as long as somebody may be away; with none, the
/// browser forgets.
pub(crate) fn held_away(desk: &Desk, secret: Option<String>) -> String {
    let stays = secret.is_some();
    let mut cookie = holding(desk, AWAY, "/sign-in", secret);
    if stays {
        cookie.set_max_age(AWAY_FOR);
    }
    cookie.to_string()
}

/// Sent along when a link or a provider leads here, and with nothing that another
/// site does by itself.
fn holding(desk: &Desk, name: &'static str, path: &'static str, secret: Option<String>) -> Cookie<'static> {
    let gone = secret.is_none();
    let cookie = Cookie::build((name, secret.unwrap_or_default()))
        .http_only(true)
        .same_site(cookie::SameSite::Lax)
        .secure(desk.is_secure())
        .path(path);
    if gone { cookie.removal().build() } else { cookie.build() }
}
