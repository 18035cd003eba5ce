//! Latency: the share of events slower than a time, and how latency went over time.

use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::report::canvas::{Area, Figure, Pen, failed};
use crate::report::figures::lanes::Block;
use crate::report::figures::{Dash, TimeAxis, decades, time_axis};
use crate::report::notes;
use crate::report::palette::{self, BATCH, GRID, INK, SOFT};
use crate::report::unit;

/// One line of a figure.
#[derive(Clone, Debug)]
pub(crate) struct Curve {
    /// Whose it is.
    pub(crate) contestant: String,
    /// What it is called in the legend.
    pub(crate) label: String,
    /// What else the legend says of it.
    pub(crate) detail: String,
    /// How it is dashed, for the eye that does not tell colours apart.
    pub(crate) dash: Dash,
    /// Its points.
    pub(crate) points: Vec<(f64, f64)>,
}

/// The share of events that took longer than a latency, on two logarithmic axes.
#[derive(Clone, Debug)]
pub(crate) struct Exceedance {
    /// The name of its files.
    pub(crate) name: String,
    /// What it shows.
    pub(crate) title: String,
    /// The freshness objective.
    pub(crate) objective_us: f64,
    /// Its lines: latency in microseconds, share above.
    pub(crate) curves: Vec<Curve>,
}

/// Latency by the time at which the event was due.
#[derive(Clone, Debug)]
pub(crate) struct TimeLine {
    /// The name of its files.
    pub(crate) name: String,
    /// What it shows.
    pub(crate) title: String,
    /// When the schedule ended.
    pub(crate) until_us: i64,
    /// The freshness objective.
    pub(crate) objective_us: f64,
    /// What must be known to read it.
    pub(crate) note: String,
    /// Its lines: time in seconds, latency in microseconds.
    pub(crate) curves: Vec<Curve>,
    /// The same of the other repeats, drawn thin behind them.
    pub(crate) behind: Vec<Curve>,
    /// When batches ran, and when they published.
    pub(crate) batches: Vec<Block>,
}

const KEY: f64 = 18.0;
const KEY_PIECE: f64 = 42.0;
/// Keeps the name of an upward axis off the edge, where a bitmap would cut it.
const EDGE: f64 = 10.0;

/// Draws points as one line, in dashes when a length and a gap are given.
type Stroke<'a> = dyn FnMut(Vec<(f64, f64)>, ShapeStyle, Option<(i32, i32)>) -> Result<()> + 'a;

fn style(pen: Pen<'_>, curve: &Curve) -> ShapeStyle {
    pen.line(palette::contestant(&curve.contestant), 2.0)
}

fn line(pen: Pen<'_>, curve: &Curve, draw: &mut Stroke<'_>) -> Result<()> {
    let dashes = curve.dash.map(|(on, off)| (pen.px(on), pen.px(off)));
    draw(curve.points.clone(), style(pen, curve), dashes)
}

/// Where a point of a line is drawn.
type Spot<'a> = dyn Fn(&(f64, f64)) -> (i32, i32) + 'a;

/// Says the values of a line's points, each at its place.
fn tell(pen: Pen<'_>, curve: &Curve, at: &Spot<'_>, text: &dyn Fn(f64, f64) -> String) {
    let Some(notes) = pen.notes else { return };
    for (n, spot) in notes::apart(curve.points.iter().map(at)) {
        let (x, y) = curve.points[n];
        notes.spot(spot, &format!("{}: {}", curve.label, text(x, y)));
    }
}

/// The height of the legend.
fn keys_height(curves: &[Curve], narrow: bool) -> f64 {
    let lines = |curve: &Curve| if narrow && !curve.detail.is_empty() { 2.0 } else { 1.0 };
    KEY * curves.iter().map(lines).sum::<f64>()
}

/// The lines' names under a figure, each after a piece of its stroke; details below where there is little room.
fn keys<DB: DrawingBackend>(area: &Area<DB>, pen: Pen<'_>, curves: &[Curve], left: i32) -> Result<()> {
    let style_of = |colour| pen.text(11.0, colour).pos(Pos::new(HPos::Left, VPos::Center));
    let (mut row, after) = (0.5, left + pen.px(KEY_PIECE + 8.0));
    for curve in curves {
        let y = pen.px(KEY * row);
        for (from, until) in pieces(curve.dash) {
            let piece = vec![(left + pen.px(from), y), (left + pen.px(until), y)];
            area.draw(&PathElement::new(piece, style(pen, curve))).map_err(failed)?;
        }
        row += 1.0;
        let wide = if pen.narrow || curve.detail.is_empty() {
            curve.label.clone()
        } else {
            format!("{}, {}", curve.label, curve.detail)
        };
        area.draw_text(&wide, &style_of(INK), (after, y)).map_err(failed)?;
        if pen.narrow && !curve.detail.is_empty() {
            area.draw_text(&curve.detail, &style_of(SOFT), (after, pen.px(KEY * row))).map_err(failed)?;
            row += 1.0;
        }
    }
    Ok(())
}

/// The strokes that show a dash in a legend.
fn pieces(dash: Dash) -> Vec<(f64, f64)> {
    let Some((on, off)) = dash else { return vec![(0.0, KEY_PIECE)] };
    let n = ((KEY_PIECE + off) / (on + off)) as usize;
    (0..n.max(1)).map(|n| n as f64 * (on + off)).map(|from| (from, from + on)).collect()
}

fn left(pen: Pen<'_>) -> i32 {
    pen.px(if pen.narrow { 62.0 } else { 72.0 })
}

impl Figure for Exceedance {
    fn name(&self) -> &str {
        &self.name
    }

    fn title(&self) -> String {
        self.title.clone()
    }

    fn size(&self, narrow: bool) -> (u32, u32) {
        (if narrow { 340 } else { 960 }, (310.0 + keys_height(&self.curves, narrow)) as u32 + 6)
    }

    fn rows(&self) -> Vec<Vec<String>> {
        rows(["contestant", "line", "latency_us", "share_above"], &self.curves)
    }

    fn draw<DB: DrawingBackend>(&self, area: &Area<DB>, pen: Pen<'_>) -> Result<()> {
        let (plot, below) = area.split_vertically(pen.px(310.0));
        let all = || self.curves.iter().flat_map(|curve| curve.points.iter().copied());
        let least = all().map(|point| point.0).filter(|x| *x > 0.0).fold(self.objective_us / 20.0, f64::min);
        let most = all().map(|point| point.0).fold(self.objective_us * 3.0, f64::max);
        let low = all().map(|point| point.1).filter(|y| *y > 0.0).fold(1e-2, f64::min).max(1e-6);
        let mut chart = ChartBuilder::on(&plot)
            .margin_top(pen.px(10.0))
            .margin_left(pen.px(EDGE))
            .margin_right(pen.px(18.0))
            .set_label_area_size(LabelAreaPosition::Left, left(pen))
            .set_label_area_size(LabelAreaPosition::Bottom, pen.px(42.0))
            .build_cartesian_2d((least..most * 1.3).log_scale(), (low..1.0).log_scale())
            .map_err(failed)?;
        chart
            .configure_mesh()
            .x_labels(if pen.narrow { 4 } else { 9 })
            .y_labels(6)
            .x_label_formatter(&|x| unit::time(*x))
            .y_label_formatter(&|y| format!("{} %", unit::digits(*y * 100.0)))
            .x_desc("time until an event could be read")
            .y_desc("events that took longer")
            .axis_desc_style(pen.text(11.0, SOFT))
            .label_style(pen.text(11.0, SOFT))
            .axis_style(pen.line(SOFT, 1.0))
            .bold_line_style(pen.line(GRID, 1.0))
            .light_line_style(TRANSPARENT)
            .draw()
            .map_err(failed)?;
        let rule = [(self.objective_us, low), (self.objective_us, 1.0)];
        chart
            .draw_series(DashedLineSeries::new(rule, pen.px(5.0), pen.px(4.0), pen.line(INK, 1.0)))
            .map_err(failed)?;
        let (base, top) = (plot.get_base_pixel(), chart.backend_coord(&(self.objective_us, 1.0)));
        let note = pen.text(10.0, INK);
        let text = format!("objective {}", unit::time(self.objective_us));
        plot.draw_text(&text, &note, (top.0 - base.0 + pen.px(4.0), top.1 - base.1 + pen.px(3.0)))
            .map_err(failed)?;
        for curve in &self.curves {
            let mut stroke = |points: Vec<(f64, f64)>, style: ShapeStyle, dashes: Option<(i32, i32)>| {
                let points = points.into_iter().filter(|point| point.0 > 0.0 && point.1 >= low);
                match dashes {
                    Some((on, off)) => {
                        chart.draw_series(DashedLineSeries::new(points, on, off, style)).map(|_| ())
                    }
                    None => chart.draw_series(LineSeries::new(points, style)).map(|_| ()),
                }
                .map_err(failed)
            };
            line(pen, curve, &mut stroke)?;
        }
        for curve in &self.curves {
            let at = |point: &(f64, f64)| chart.backend_coord(&(point.0.max(least), point.1.max(low)));
            let text =
                |x, y: f64| format!("{} of events took longer than {}", unit::percent(y), unit::time(x));
            tell(pen, curve, &at, &text);
        }
        keys(&below, pen, &self.curves, if pen.narrow { pen.px(EDGE) } else { left(pen) + pen.px(EDGE) })
    }
}

impl Figure for TimeLine {
    fn name(&self) -> &str {
        &self.name
    }

    fn title(&self) -> String {
        self.title.clone()
    }

    fn note(&self) -> String {
        self.note.clone()
    }

    fn size(&self, narrow: bool) -> (u32, u32) {
        (if narrow { 340 } else { 960 }, (240.0 + keys_height(&self.curves, narrow)) as u32 + 6)
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let all: Vec<Curve> = self.curves.iter().chain(&self.behind).cloned().collect();
        rows(["contestant", "line", "at_s", "latency_us"], &all)
    }

    fn draw<DB: DrawingBackend>(&self, area: &Area<DB>, pen: Pen<'_>) -> Result<()> {
        let (plot, below) = area.split_vertically(pen.px(240.0));
        let all = || self.behind.iter().chain(&self.curves);
        let values = || all().flat_map(|curve| curve.points.iter().map(|point| point.1));
        let least = values().filter(|y| *y > 0.0).fold(self.objective_us, f64::min);
        let range = decades(least, values().fold(self.objective_us, f64::max));
        let (low, high) = (range.start, range.end);
        let mut chart = ChartBuilder::on(&plot)
            .margin_top(pen.px(10.0))
            .margin_left(pen.px(EDGE))
            .margin_right(pen.px(18.0))
            .set_label_area_size(LabelAreaPosition::Left, left(pen))
            .set_label_area_size(LabelAreaPosition::Bottom, pen.px(42.0))
            .build_cartesian_2d(0.0..self.until_us as f64 / 1e6, range.log_scale())
            .map_err(failed)?;
        let computing =
            |block: &&Block| block.what == "batch" && block.until_us > 0 && block.from_us < self.until_us;
        let bands = self.batches.iter().filter(computing);
        let bands = bands.map(|block| {
            let seconds = |at: i64| at.clamp(0, self.until_us) as f64 / 1e6;
            Rectangle::new(
                [(seconds(block.from_us), low), (seconds(block.until_us), high)],
                BATCH.mix(0.25).filled(),
            )
        });
        chart.draw_series(bands).map_err(failed)?;
        for block in self.batches.iter().filter(|block| block.what == "publication" && block.from_us > 0) {
            let at = block.from_us as f64 / 1e6;
            let rule = pen.line(BATCH, 1.0);
            chart.draw_series(LineSeries::new([(at, low), (at, high)], rule)).map_err(failed)?;
        }
        let axis = TimeAxis { along: "time at which the event was due (s)", up: "latency, p99 of 20 ms" };
        time_axis(&mut chart, pen, &axis)?;
        let rule = [(0.0, self.objective_us), (self.until_us as f64 / 1e6, self.objective_us)];
        chart
            .draw_series(DashedLineSeries::new(rule, pen.px(5.0), pen.px(4.0), pen.line(INK, 1.0)))
            .map_err(failed)?;
        for curve in &self.behind {
            let thin = palette::contestant(&curve.contestant).mix(0.35).stroke_width(pen.px(1.0) as u32);
            let points = curve.points.iter().map(|(x, y)| (*x, y.max(low)));
            chart.draw_series(LineSeries::new(points, thin)).map_err(failed)?;
        }
        for curve in &self.curves {
            let mut stroke = |points: Vec<(f64, f64)>, style: ShapeStyle, dashes: Option<(i32, i32)>| {
                let points = points.into_iter().map(|(x, y)| (x, y.max(low)));
                match dashes {
                    Some((on, off)) => {
                        chart.draw_series(DashedLineSeries::new(points, on, off, style)).map(|_| ())
                    }
                    None => chart.draw_series(LineSeries::new(points, style)).map(|_| ()),
                }
                .map_err(failed)
            };
            line(pen, curve, &mut stroke)?;
        }
        for curve in &self.curves {
            let at = |point: &(f64, f64)| chart.backend_coord(&(point.0, point.1.max(low)));
            let text = |x, y| format!("event due at {} s, p99 {}", unit::digits(x), unit::time(y));
            tell(pen, curve, &at, &text);
        }
        keys(&below, pen, &self.curves, if pen.narrow { pen.px(EDGE) } else { left(pen) + pen.px(EDGE) })
    }
}

fn rows(head: [&str; 4], curves: &[Curve]) -> Vec<Vec<String>> {
    let mut rows = vec![head.map(String::from).to_vec()];
    for curve in curves {
        rows.extend(
            curve.points.iter().map(|(x, y)| {
                vec![curve.contestant.clone(), curve.label.clone(), x.to_string(), y.to_string()]
            }),
        );
    }
    rows
}
