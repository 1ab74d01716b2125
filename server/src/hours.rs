//! Working hours: how long people have until something is due.

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::fmt;

/// As far ahead as anything is counted; whatever is due later has at least that.
const FARTHEST: i64 = 366;

/// The hours in which people review.
#[derive(Clone)]
pub struct Hours {
    days: Vec<Weekday>,
    from: Time,
    to: Time,
    zone: TimeZone,
}

impl fmt::Debug for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} from {} to {}", self.days, self.from, self.to)
    }
}

/// Hours that nobody works in.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum HoursFault {
    /// A word that names no day.
    #[error("days: `{0}` is none of mon, tue, wed, thu, fri, sat, sun")]
    Day(String),
    /// No day, or a day that ends before it begins.
    #[error("expected at least one day, and `from` before `to`")]
    Empty,
    /// A name that is not in the database of time zones.
    #[error("timezone: `{0}` is no name of the IANA database, such as `Europe/Berlin`")]
    Zone(String),
}

impl Hours {
    /// The hours from `from` to `to` on these days (`mon` to `sun`) in that zone.
    ///
    /// # Errors
    /// [`HoursFault`] names what is wrong.
    pub fn new(days: &[String], from: Time, to: Time, zone: &str) -> Result<Self, HoursFault> {
        let zone = attache_context::zone(zone).ok_or_else(|| HoursFault::Zone(zone.to_owned()))?;
        let days = days.iter().map(|day| named(day)).collect::<Result<Vec<_>, _>>()?;
        if days.is_empty() || from >= to { Err(HoursFault::Empty) } else { Ok(Self { days, from, to, zone }) }
    }

    /// The working time between two moments, less than nothing if the second is
    /// the earlier.
    pub(crate) fn between(&self, now: Timestamp, then: Timestamp) -> SignedDuration {
        if then < now {
            return -self.between(then, now);
        }
        let (mut day, last) =
            (now.to_zoned_datetime(self.zone.clone()).date(), then.to_zoned_datetime(self.zone.clone()).date());
        let mut time = SignedDuration::ZERO;
        for _ in 0..=FARTHEST {
            if day > last {
                break;
            }
            if self.days.contains(&day.weekday())
                && let (Ok(opens), Ok(closes)) = (self.moment(day, self.from), self.moment(day, self.to))
            {
                let within = closes.min(then).duration_since(opens.max(now));
                time = time.saturating_add(within.max(SignedDuration::ZERO));
            }
            let Ok(next) = day.tomorrow() else { break };
            day = next;
        }
        time
    }

    fn moment(&self, day: jiff::civil::Date, time: Time) -> Result<Timestamp, jiff::Error> {
        Ok(day.to_datetime(time).to_zoned_datetime(self.zone.clone())?.timestamp())
    }
}

fn named(day: &str) -> Result<Weekday, HoursFault> {
    Ok(match day {
        "mon" => Weekday::Monday,
        "tue" => Weekday::Tuesday,
        "wed" => Weekday::Wednesday,
        "thu" => Weekday::Thursday,
        "fri" => Weekday::Friday,
        "sat" => Weekday::Saturday,
        "sun" => Weekday::Sunday,
        other => return Err(HoursFault::Day(other.to_owned())),
    })
}

#[cfg(test)]
mod tests;
