//! Horizontal bars from zero, in one panel or several: shares, latencies, costs, lines.

use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::report::canvas::{Area, Figure, Pen, failed};
use crate::report::figures::ink::{self, Spot};
use crate::report::palette::{Fill, GRID, INK, SOFT};
use crate::report::unit;

/// One part of a bar.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// What it is, for the legend.
    pub(crate) name: String,
    /// How long it is, in the panel's unit.
    pub(crate) value: f64,
    /// How it is filled.
    pub(crate) fill: Fill,
}

/// One bar.
#[derive(Clone, Debug)]
pub(crate) struct Bar {
    /// What stands beside it.
    pub(crate) label: String,
    /// Its parts, from the left.
    pub(crate) parts: Vec<Part>,
    /// The value of each repeat, drawn as points; none when there is one only.
    pub(crate) points: Vec<f64>,
    /// What stands at its end.
    pub(crate) note: String,
}

/// Bars of one unit.
#[derive(Clone, Debug)]
pub(crate) struct Panel {
    /// What stands above it.
    pub(crate) heading: String,
    /// What the axis says.
    pub(crate) unit: String,
    /// The end of the axis, when the values do not decide it.
    pub(crate) limit: Option<f64>,
    /// The bars, from the top.
    pub(crate) bars: Vec<Bar>,
}

/// A figure of panels side by side; below each other where there is little room.
#[derive(Clone, Debug)]
pub(crate) struct Bars {
    /// The name of its files.
    pub(crate) name: String,
    /// What it shows.
    pub(crate) title: String,
    /// What must be known to read it.
    pub(crate) note: String,
    /// Panels beside each other on a wide page.
    pub(crate) across: usize,
    /// Width on a wide page.
    pub(crate) width: u32,
    /// The panels.
    pub(crate) panels: Vec<Panel>,
}

const BAR: u32 = 28;
/// Of a bar with its label above it.
const TALL: u32 = 44;
const HEAD: u32 = 26;
const AXIS: u32 = 38;
const GAP: u32 = 12;
const LEGEND: u32 = 22;

impl Panel {
    /// Whether labels stand above their bars, since beside them they would leave no room.
    fn above(&self, width: u32) -> bool {
        let longest = self.bars.iter().map(|bar| bar.label.chars().count()).max().unwrap_or(0);
        longest as f64 * 7.2 > f64::from(width) * 0.45
    }

    fn height(&self, width: u32) -> u32 {
        HEAD + self.bars.len() as u32 * if self.above(width) { TALL } else { BAR } + AXIS + GAP
    }

    /// What is said of a value.
    fn told(&self, who: &str, value: f64) -> String {
        let unit = self.unit.split(';').next().unwrap_or_default();
        format!("{who}: {} ({unit})", unit::digits(value))
    }

    fn limit(&self) -> f64 {
        let longest = self.bars.iter().map(|bar| {
            let whole: f64 = bar.parts.iter().map(|part| part.value).sum();
            bar.points.iter().copied().fold(whole, f64::max)
        });
        self.limit.unwrap_or_else(|| longest.fold(0.0, f64::max) * 1.02).max(1e-9)
    }

    fn draw<DB: DrawingBackend>(&self, area: &Area<DB>, pen: Pen<'_>) -> Result<()> {
        let label = pen.text(12.0, INK);
        let wide = |text: &str| area.estimate_text_size(text, &label).map_or(0, |(width, _)| width as i32);
        let (width, _) = area.dim_in_pixel();
        let above = self.above((f64::from(width) / pen.scale) as u32);
        let longest = self.bars.iter().map(|bar| wide(&bar.label)).max().unwrap_or(0);
        let left = if above { pen.px(8.0) } else { longest + pen.px(15.0) };
        let right = self.bars.iter().map(|bar| wide(&bar.note)).max().unwrap_or(0) + pen.px(14.0);
        let heading = pen.bold(12.0, INK);
        area.draw_text(&self.heading, &heading, (pen.px(4.0), pen.px(4.0))).map_err(failed)?;
        let n = self.bars.len() as f64;
        let mut chart = ChartBuilder::on(area)
            .margin_top(pen.px(f64::from(HEAD)))
            .margin_right(right)
            .margin_bottom(pen.px(f64::from(GAP)))
            .set_label_area_size(LabelAreaPosition::Left, left)
            .set_label_area_size(LabelAreaPosition::Bottom, pen.px(f64::from(AXIS)))
            .build_cartesian_2d(0.0..self.limit(), 0.0..n)
            .map_err(failed)?;
        let room = f64::from(width as i32 - left - right) / pen.scale;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .disable_y_axis()
            .x_labels(((room / 60.0) as usize).clamp(2, 6))
            .x_label_formatter(&|value| unit::prefixed(*value))
            .x_desc(&self.unit)
            .axis_desc_style(pen.text(11.0, SOFT))
            .label_style(pen.text(11.0, SOFT))
            .axis_style(pen.line(SOFT, 1.0))
            .bold_line_style(pen.line(GRID, 1.0))
            .light_line_style(TRANSPARENT)
            .set_all_tick_mark_size(pen.px(3.0))
            .draw()
            .map_err(failed)?;
        let base = area.get_base_pixel();
        let at = |x: f64, y: f64| {
            let (px, py) = chart.backend_coord(&(x, n - y));
            (px - base.0, py - base.1)
        };
        let mut rows = self.bars.iter().zip(0..);
        let place = |row: i32| Place { row: f64::from(row), above, at: &at };
        rows.try_for_each(|(bar, row)| self.draw_bar(area, pen, bar, &place(row)))
    }
}

/// Where a bar is drawn.
struct Place<'a> {
    /// Its row from the top.
    row: f64,
    /// Whether its label stands above it.
    above: bool,
    /// Pixels of a value and a row.
    at: &'a dyn Fn(f64, f64) -> Spot,
}

impl Place<'_> {
    /// Pixels of a value and a part of the bar's own height.
    fn spot(&self, value: f64, part: f64) -> Spot {
        (self.at)(value, self.row + if self.above { 0.42 + 0.58 * part } else { part })
    }
}

impl Panel {
    fn draw_bar<DB: DrawingBackend>(
        &self,
        area: &Area<DB>,
        pen: Pen<'_>,
        bar: &Bar,
        place: &Place<'_>,
    ) -> Result<()> {
        let (zero, middle) = place.spot(0.0, 0.5);
        let left = if place.above { HPos::Left } else { HPos::Right };
        let label = pen.text(12.0, INK).pos(Pos::new(left, VPos::Center));
        let beside = if place.above { (zero, place.spot(0.0, -0.2).1) } else { (zero - pen.px(9.0), middle) };
        area.draw_text(&bar.label, &label, beside).map_err(failed)?;
        let mut from = 0.0;
        for part in &bar.parts {
            let here = (place.spot(from, 0.17), place.spot(from + part.value, 0.83));
            ink::surface(area, pen, here, part.fill)?;
            let named = !part.name.is_empty() && !part.name.starts_with(&bar.label);
            let who = if named { format!("{}, {}", bar.label, part.name) } else { bar.label.clone() };
            let who = if part.name.contains(": ") { part.name.clone() } else { who };
            pen.note(area, here, &self.told(&who, part.value));
            from += part.value;
        }
        for (n, value) in bar.points.iter().enumerate() {
            let at = place.spot(*value, 0.32 + 0.36 * (n as f64 + 0.5) / bar.points.len() as f64);
            area.draw(&Circle::new(at, pen.px(2.5), pen.line(INK, 1.0))).map_err(failed)?;
            pen.note_spot(area, at, &self.told(&format!("{}, repeat {}", bar.label, n + 1), *value));
        }
        let after = pen.text(12.0, INK).pos(Pos::new(HPos::Left, VPos::Center));
        let wide = area.estimate_text_size(&bar.note, &after).map_or(0, |(width, _)| width as i32);
        let points = bar.points.iter().map(|value| place.spot(*value, 0.5).0).collect();
        let end = clear(place.spot(from, 0.5).0, points, wide + pen.px(12.0), pen.px(3.0));
        area.draw_text(&bar.note, &after, (end + pen.px(6.0), middle)).map_err(failed)
    }
}

/// Where a note of that width can begin behind a bar without lying on a point.
fn clear(end: i32, mut points: Vec<i32>, wide: i32, reach: i32) -> i32 {
    points.sort_unstable();
    let meets = |from: i32, point: &i32| point - reach < from + wide;
    points.iter().fold(end, |from, point| if meets(from, point) { from.max(point + reach) } else { from })
}

impl Bars {
    fn across(&self, narrow: bool) -> usize {
        if narrow { 1 } else { self.across.clamp(1, self.panels.len().max(1)) }
    }

    /// Names of parts in the order they first occur, with their fill; none when bars have one part each.
    fn legend(&self) -> Vec<(String, Fill)> {
        let mut named: Vec<(String, Fill)> = Vec::new();
        for part in self.panels.iter().flat_map(|panel| &panel.bars).flat_map(|bar| &bar.parts) {
            if !part.name.is_empty() && !named.iter().any(|(name, _)| *name == part.name) {
                named.push((part.name.clone(), part.fill));
            }
        }
        named
    }

    fn legend_lines(&self, width: u32) -> u32 {
        let total: usize = self.legend().iter().map(|(name, _)| name.chars().count() * 7 + 34).sum();
        if total == 0 { 0 } else { 1 + total as u32 / width.max(1) }
    }
}

impl Figure for Bars {
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
        let width = if narrow { 340 } else { self.width };
        let across = self.across(narrow);
        let height: u32 = self.panels.chunks(across).map(|row| row_height(row, width / across as u32)).sum();
        (width, height + LEGEND * self.legend_lines(width))
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let mut rows = vec![["panel", "bar", "part", "unit", "value"].map(String::from).to_vec()];
        for panel in &self.panels {
            for bar in &panel.bars {
                let row = |part: &str, value: f64| {
                    vec![
                        panel.heading.clone(),
                        bar.label.clone(),
                        part.into(),
                        panel.unit.clone(),
                        value.to_string(),
                    ]
                };
                rows.extend(bar.parts.iter().map(|part| row(&part.name, part.value)));
                rows.extend(
                    bar.points.iter().enumerate().map(|(n, value)| row(&format!("repeat {}", n + 1), *value)),
                );
            }
        }
        rows
    }

    fn draw<DB: DrawingBackend>(&self, area: &Area<DB>, pen: Pen<'_>) -> Result<()> {
        let across = self.across(pen.narrow);
        let (width, _) = self.size(pen.narrow);
        let mut rest = area.clone();
        for row in self.panels.chunks(across) {
            let (top, below) =
                rest.split_vertically(pen.px(f64::from(row_height(row, width / across as u32))));
            for (panel, place) in row.iter().zip(top.split_evenly((1, across))) {
                panel.draw(&place, pen)?;
            }
            rest = below;
        }
        ink::legend(&rest, pen, &self.legend(), (pen.px(8.0), 0), rest.dim_in_pixel().0 as i32)
    }
}

fn row_height(row: &[Panel], width: u32) -> u32 {
    row.iter().map(|panel| panel.height(width)).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::clear;

    #[test]
    fn a_note_stands_at_its_bar_unless_a_point_lies_there() {
        assert_eq!(clear(100, vec![], 40, 3), 100);
        assert_eq!(clear(100, vec![300, 105, 98], 40, 3), 108);
        assert_eq!(clear(100, vec![120, 150], 40, 3), 153);
    }
}
