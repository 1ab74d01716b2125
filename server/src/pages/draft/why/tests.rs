use super::*;

#[test]
fn a_line_needs_two_points_and_goes_up_where_it_gets_better() {
    assert_eq!(drawn(&[]), None);
    assert_eq!(drawn(&[0.3]), None);
    let better = drawn(&[-0.5, 0.0, 2.0]).unwrap();
    assert_eq!((better.points.as_str(), better.last), ("6,30 160,22 314,6", (314.0, 6.0)));
    assert_eq!(better.told, "3 times, from -0.50 to +2.00: better");
    assert!(drawn(&[0.5, -0.5]).unwrap().told.ends_with("worse"));
    assert!(drawn(&[0.5, 0.5]).unwrap().told.ends_with("steady"));
}
