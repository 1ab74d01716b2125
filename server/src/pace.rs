//! How often somebody may ask.

use crate::problem::Problem;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::num::NonZeroU32;

/// How many of those who ask are remembered before those at rest are forgotten.
const ASKERS: usize = 10_000;

/// Counts the requests of each account and, of those who prove nothing, of each
/// address.
pub(crate) struct Pace {
    limiter: DefaultKeyedRateLimiter<String>,
    clock: DefaultClock,
}

impl Pace {
    /// `per_second` requests for each, and twice as many at once.
    pub(crate) fn new(per_second: NonZeroU32) -> Self {
        let quota =
            Quota::per_second(per_second).allow_burst(per_second.saturating_mul(NonZeroU32::MIN.saturating_add(1)));
        Self { limiter: RateLimiter::keyed(quota), clock: DefaultClock::default() }
    }

    /// Goes on only if `asker` does not ask too often; the no says when to come
    /// again.
    pub(crate) fn check(&self, asker: &str) -> Result<(), Box<Response>> {
        if self.limiter.len() > ASKERS {
            self.limiter.retain_recent();
        }
        let Err(early) = self.limiter.check_key(&asker.to_owned()) else { return Ok(()) };
        let seconds = early.wait_time_from(self.clock.now()).as_secs() + 1;
        let detail = format!("too many requests; come again in {seconds} s");
        let mut response = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many", detail).into_response();
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        Err(Box::new(response))
    }
}
