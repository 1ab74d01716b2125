use super::*;

fn office() -> Hours {
    let days = ["mon", "tue", "wed", "thu", "fri"].map(str::to_owned);
    Hours::new(&days, Time::constant(9, 0, 0, 0), Time::constant(17, 0, 0, 0), "Europe/Berlin").unwrap()
}

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

#[test]
fn nights_and_weekends_do_not_count() {
    // 2026-11-20 is a Friday; in Berlin it is one hour later than here.
    for (now, then, hours) in [
        ("2026-11-20T09:00:00Z", "2026-11-20T11:00:00Z", 2),
        ("2026-11-20T15:00:00Z", "2026-11-23T09:00:00Z", 2),
        ("2026-11-21T09:00:00Z", "2026-11-22T09:00:00Z", 0),
        ("2026-11-16T00:00:00Z", "2026-11-22T00:00:00Z", 40),
        ("2026-11-23T09:00:00Z", "2026-11-20T15:00:00Z", -2),
    ] {
        assert_eq!(office().between(at(now), at(then)), SignedDuration::from_hours(hours), "{now} to {then}");
    }
}

#[test]
fn a_day_in_which_the_clock_is_changed_has_its_own_length() {
    let all = ["sun".to_owned()];
    let day = Hours::new(&all, Time::midnight(), Time::constant(6, 0, 0, 0), "Europe/Berlin").unwrap();
    // On 2026-03-29 the hour from two to three is left out.
    let worked = day.between(at("2026-03-28T00:00:00Z"), at("2026-03-30T00:00:00Z"));
    assert_eq!(worked, SignedDuration::from_hours(5));
}

#[test]
fn hours_that_are_none_are_refused_with_the_place() {
    let (nine, five) = (Time::constant(9, 0, 0, 0), Time::constant(17, 0, 0, 0));
    let fault = |days: &[&str], from, to, zone| {
        let days: Vec<_> = days.iter().map(|day| (*day).to_owned()).collect();
        Hours::new(&days, from, to, zone).unwrap_err()
    };
    assert_eq!(fault(&["monday"], nine, five, "UTC"), HoursFault::Day("monday".into()));
    assert_eq!(fault(&[], nine, five, "UTC"), HoursFault::Empty);
    assert_eq!(fault(&["mon"], five, nine, "UTC"), HoursFault::Empty);
    assert_eq!(fault(&["mon"], nine, five, "Nowhere"), HoursFault::Zone("Nowhere".into()));
}
