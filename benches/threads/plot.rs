//! The sweep as a plot: ns per call against threads, ours in front and the others behind.

use crate::machine;
use crate::report::{Report, Row};
use crate::subjects::primitives;
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use std::error::Error;
use std::path::Path;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, LogCoord<f64>>>;

const SIZE: (u32, u32) = (1_180, 800);
/// Right of the lines, for their names.
const NAMES_WIDTH: i32 = 380;
/// From one name to the next.
const NAME_HEIGHT: i32 = 19;

const OURS: RGBColor = RGBColor(0, 90, 181);
const OTHERS: RGBColor = RGBColor(150, 150, 150);
const MACHINE: RGBColor = RGBColor(60, 60, 60);
const CONTROL: RGBColor = RGBColor(200, 60, 40);

pub(crate) fn draw(report: &Report, file: &Path) -> Result<(), Box<dyn Error>> {
    let root = SVGBackend::new(file, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let points = report.rows[0].points.len();
    let all = report.rows.iter().flat_map(|row| &row.points).map(|point| point.ns);
    let (lowest, highest) = all.fold((f64::MAX, 0.0_f64), |(low, high), ns| (low.min(ns), high.max(ns)));
    let caption =
        format!("ns per call, all threads on one handle ({}, {} cores)", machine::cpu(), machine::cores());
    let mut chart = ChartBuilder::on(&root)
        .caption(caption, ("sans-serif", 20))
        .margin(12)
        .margin_right(NAMES_WIDTH)
        .x_label_area_size(50)
        .y_label_area_size(80)
        .build_cartesian_2d(-0.1..points as f64 - 0.9, (lowest / 1.5..highest * 1.5).log_scale())?;
    mesh(&mut chart, report)?;
    // Ours last, so that they lie on top.
    for of_ours in [false, true] {
        for row in report.rows.iter().filter(|row| row.is_ours() == of_ours) {
            line(&mut chart, row)?;
        }
    }
    names(&root, &chart, report)?;
    root.present()?;
    Ok(())
}

fn mesh(chart: &mut Chart<'_, '_>, report: &Report) -> Result<(), Box<dyn Error>> {
    let crowds: Vec<_> = report.rows[0].points.iter().map(|point| point.crowd).collect();
    let threads = |place: &f64| {
        // A tick lies on a crowd, or says nothing.
        let crowd = crowds.get(place.round() as usize).filter(|_| (place - place.round()).abs() < 0.01);
        crowd.map_or(String::new(), |crowd| {
            let each = crowd.threads / crowd.cores;
            if crowd.is_over_subscribed() {
                format!("{} ({each} a core)", crowd.threads)
            } else {
                crowd.threads.to_string()
            }
        })
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .bold_line_style(RGBColor(215, 215, 215))
        .light_line_style(RGBColor(240, 240, 240))
        .x_labels(crowds.len())
        .x_label_formatter(&threads)
        .y_label_formatter(&|ns| if *ns < 1.0 { format!("{ns:.1}") } else { format!("{ns:.0}") })
        .x_desc("threads")
        .y_desc("ns per call, logarithmic")
        .label_style(("sans-serif", 15))
        .axis_desc_style(("sans-serif", 16))
        .draw()?;
    Ok(())
}

fn style(row: &Row) -> ShapeStyle {
    let (color, width) = match row.subject {
        _ if row.is_ours() => (OURS, 3),
        primitives::MACHINE if row.operation == primitives::CONTROL => (CONTROL, 2),
        primitives::MACHINE => (MACHINE, 2),
        _ => (OTHERS, 1),
    };
    color.stroke_width(width)
}

fn line(chart: &mut Chart<'_, '_>, row: &Row) -> Result<(), Box<dyn Error>> {
    let style = style(row);
    let places = || row.points.iter().enumerate().map(|(place, point)| (place as f64, point.ns));
    chart.draw_series(LineSeries::new(places(), style))?;
    let size = if row.is_ours() { 4 } else { 3 };
    chart.draw_series(places().map(|place| Circle::new(place, size, style.filled())))?;
    Ok(())
}

/// Each row's name beside the end of its line, moved so that none lies on another, and a thin line from one to the other.
fn names(root: &Area<'_>, chart: &Chart<'_, '_>, report: &Report) -> Result<(), Box<dyn Error>> {
    let end = |row: &Row| {
        let last = row.points.last().expect("a point");
        chart.backend_coord(&((row.points.len() - 1) as f64, last.ns))
    };
    let mut rows: Vec<(&Row, (i32, i32))> = report.rows.iter().map(|row| (row, end(row))).collect();
    rows.sort_by_key(|(_, (_, height))| *height);
    let heights = apart(&rows.iter().map(|(_, (_, height))| *height).collect::<Vec<_>>());
    for ((row, end), height) in rows.into_iter().zip(heights) {
        let beside = (end.0 + 44, height);
        root.draw(&PathElement::new(
            [(end.0 + 6, end.1), (beside.0 - 4, height)],
            style(row).color.mix(0.6).stroke_width(1),
        ))?;
        let weight = if row.is_ours() { FontStyle::Bold } else { FontStyle::Normal };
        let color = if row.is_ours() || row.subject == primitives::MACHINE {
            style(row).color
        } else {
            MACHINE.to_rgba()
        };
        let font = ("sans-serif", 14).into_font().style(weight).color(&color);
        root.draw(&Text::new(row.label(), (beside.0, height - 8), font))?;
    }
    Ok(())
}

/// The heights, which ascend, moved so that each is at least a name's height from the next, and none by more than it must.
fn apart(heights: &[i32]) -> Vec<i32> {
    const STEPS: usize = 1_000;
    let mut moved: Vec<f64> = heights.iter().map(|height| f64::from(*height)).collect();
    for _ in 0..STEPS {
        for place in 1..moved.len() {
            let missing = f64::from(NAME_HEIGHT) - (moved[place] - moved[place - 1]);
            if missing > 0.0 {
                moved[place - 1] -= missing / 2.0;
                moved[place] += missing / 2.0;
            }
        }
    }
    moved.into_iter().map(|height| height.round() as i32).collect()
}
