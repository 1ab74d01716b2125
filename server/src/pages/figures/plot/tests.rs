use super::*;
use jiff::civil::date;

const BANDS: [Band; 2] =
    [Band { name: "alone", count: |week| week.alone }, Band { name: "open", count: |week| week.open }];

fn week(day: i8, alone: usize, open: usize) -> Week {
    let monday = date(2026, 11, day);
    Week { monday, alone, assisted: 0, handed_over: 0, open, approved: 0, edited: 0, rejected: 0, undecided: 0 }
}

/// The heights of the bars of a colour.
fn heights(svg: &str, colour: &str) -> Vec<f64> {
    let bars = svg.split("<rect ").filter(|bar| bar.contains(&format!("fill=\"{colour}\"")));
    bars.map(|bar| bar.split("height=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap()).collect()
}

#[test]
fn bars_are_as_high_as_what_they_count() {
    let svg = stacked(&BANDS, &[week(9, 4, 2), week(16, 0, 0), week(23, 2, 0)]).unwrap();
    let (alone, open) = (heights(&svg, "#010000"), heights(&svg, "#020000"));
    assert_eq!((alone.len(), open.len()), (2, 1), "what is not there is not drawn: {svg}");
    assert!((alone[0] - 2.0 * alone[1]).abs() <= 2.0 && (alone[1] - open[0]).abs() <= 2.0, "{alone:?} {open:?}");
    assert!(svg.contains("9 Nov") && svg.contains("23 Nov"), "{svg}");
    assert!(!svg.contains("style=") && !svg.contains("<script"), "a page shows it under its own policy");
}

#[test]
fn nothing_is_drawn_of_nothing() {
    for weeks in [&[][..], &[week(9, 0, 0)]] {
        assert!(heights(&stacked(&BANDS, weeks).unwrap(), "#010000").is_empty());
    }
}
