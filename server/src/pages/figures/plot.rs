//! Bars of counts by week, as an SVG that stands in a page.

use attache_journal::metrics::Week;
use plotters::backend::SVGBackend;
use plotters::chart::ChartBuilder;
use plotters::drawing::{DrawingAreaErrorKind, IntoDrawingArea as _};
use plotters::element::Rectangle;
use plotters::style::{Color as _, RGBColor};

/// A kind of thing that is counted in each week.
pub(super) struct Band {
    pub(super) name: &'static str,
    pub(super) count: fn(&Week) -> usize,
}

const SIZE: (u32, u32) = (720, 240);

/// The style sheet puts colours of its own in the place of these, for light and dark.
const COLOURS: [RGBColor; 4] = [RGBColor(1, 0, 0), RGBColor(2, 0, 0), RGBColor(3, 0, 0), RGBColor(4, 0, 0)];

/// Draws the bands of each week on top of each other, the first at the bottom.
pub(super) fn stacked(bands: &[Band], weeks: &[Week]) -> Result<String, DrawingAreaErrorKind<std::io::Error>> {
    let total = |week: &Week| bands.iter().map(|band| (band.count)(week)).sum::<usize>();
    let highest = weeks.iter().map(total).max().unwrap_or_default().max(1);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin(8)
            .x_label_area_size(28)
            .y_label_area_size(44)
            .build_cartesian_2d(0.0..weeks.len() as f64, 0.0..highest as f64)?;
        let label = |place: &f64| weeks.get(*place as usize).map(short).unwrap_or_default();
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_labels(weeks.len())
            .x_label_formatter(&label)
            .y_labels(highest.min(5))
            .y_label_formatter(&|count| format!("{count:.0}"))
            .draw()?;
        for (place, week) in weeks.iter().enumerate() {
            let mut under = 0;
            for (band, colour) in bands.iter().zip(COLOURS) {
                let over = under + (band.count)(week);
                if over > under {
                    let (left, right) = (place as f64 + 0.15, place as f64 + 0.85);
                    let bar = Rectangle::new([(left, under as f64), (right, over as f64)], colour.filled());
                    chart.draw_series([bar])?;
                }
                under = over;
            }
        }
        area.present()?;
    }
    Ok(svg)
}

/// A Monday without its year.
fn short(week: &Week) -> String {
    week.monday.strftime("%-d %b").to_string()
}

#[cfg(test)]
mod tests;
