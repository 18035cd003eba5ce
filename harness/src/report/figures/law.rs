//! What a recomputation costs by the length of history: what was measured, and the line through it.

use anyhow::Result;
use plotters::prelude::*;

use crate::limits::law::{Fit, Law, Point};
use crate::report::canvas::{Area, Figure, Pen, failed};
use crate::report::palette::{self, GRID, INK, SOFT};

/// Mega, of bytes and events.
const MEGA: f64 = 1e6;

/// The figure of a law.
pub(crate) struct Curve<'a>(pub(crate) &'a Law);

impl Figure for Curve<'_> {
    fn name(&self) -> &str {
        "law"
    }

    fn title(&self) -> String {
        let Law { workload, seconds, points, .. } = self.0;
        let most = points.iter().map(|point| point.events as f64).fold(0.0, f64::max);
        format!(
            "A batch over {workload} costs {:.2} us an event: at {} million, an interval below {:.2} s is too short",
            seconds.each * MEGA,
            most / MEGA,
            seconds.at(most)
        )
    }

    fn size(&self, narrow: bool) -> (u32, u32) {
        if narrow { (360, 560) } else { (760, 300) }
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let head = [
            "workload",
            "events",
            "cpu_s",
            "fit_s",
            "bytes",
            "index_bytes",
            "fit_index_bytes",
            "peak_bytes",
            "incremental_cpu_s",
            "fit_incremental_s",
            "incremental_events",
        ];
        let row = |point: &Point| {
            let events = point.events as f64;
            vec![
                self.0.workload.to_owned(),
                point.events.to_string(),
                format!("{:.6}", point.seconds),
                format!("{:.6}", self.0.seconds.at(events)),
                point.bytes.to_string(),
                point.index.to_string(),
                format!("{:.0}", self.0.index.at(events)),
                point.peak.to_string(),
                format!("{:.6}", point.onward),
                format!("{:.6}", self.0.onward.at(events)),
                self.0.between.to_string(),
            ]
        };
        std::iter::once(head.map(str::to_owned).to_vec()).chain(self.0.points.iter().map(row)).collect()
    }

    fn draw<DB: DrawingBackend>(&self, area: &Area<DB>, pen: Pen<'_>) -> Result<()> {
        let panels = area.split_evenly(if pen.narrow { (2, 1) } else { (1, 2) });
        let seconds = |point: &Point| point.seconds;
        let onward = |point: &Point| point.onward;
        let index = |point: &Point| point.index as f64 / MEGA;
        let Fit { fixed, each, r2 } = self.0.index;
        let scaled = Fit { fixed: fixed / MEGA, each: each / MEGA, r2 };
        let what = "CPU seconds of a batch: in full; grey: going on";
        let (full, on) = (palette::contestant("lambda"), palette::contestant("reference"));
        let both: [Series<'_>; 2] = [(self.0.seconds, &seconds, full), (self.0.onward, &onward, on)];
        self.panel(&panels[0], pen, what, &both)?;
        self.panel(&panels[1], pen, "its correction index, MB", &[(scaled, &index, full)])
    }
}

/// A line, the points that it goes through, and its colour.
type Series<'a> = (Fit, &'a dyn Fn(&Point) -> f64, RGBColor);

impl Curve<'_> {
    fn panel<DB: DrawingBackend>(
        &self,
        area: &Area<DB>,
        pen: Pen<'_>,
        what: &str,
        series: &[Series<'_>],
    ) -> Result<()> {
        let points = &self.0.points;
        let end = points.iter().map(|point| point.events as f64 / MEGA).fold(0.0, f64::max) * 1.05;
        let highest =
            |(fit, value, _): &Series<'_>| points.iter().map(value).fold(fit.at(end * MEGA), f64::max);
        let top = series.iter().map(highest).fold(1e-9, f64::max) * 1.05;
        area.draw_text(what, &pen.bold(12.0, INK), (pen.px(8.0), pen.px(4.0))).map_err(failed)?;
        let mut chart = ChartBuilder::on(area)
            .margin_top(pen.px(26.0))
            .margin_right(pen.px(16.0))
            .set_label_area_size(LabelAreaPosition::Left, pen.px(52.0))
            .set_label_area_size(LabelAreaPosition::Bottom, pen.px(38.0))
            .build_cartesian_2d(0.0..end, 0.0..top)
            .map_err(failed)?;
        chart
            .configure_mesh()
            .x_labels(6)
            .y_labels(5)
            .x_desc("million events in the archive")
            .axis_desc_style(pen.text(11.0, SOFT))
            .label_style(pen.text(11.0, SOFT))
            .axis_style(pen.line(SOFT, 1.0))
            .bold_line_style(pen.line(GRID, 1.0))
            .light_line_style(TRANSPARENT)
            .draw()
            .map_err(failed)?;
        for (fit, value, colour) in series {
            let line = [(0.0, fit.fixed.max(0.0)), (end, fit.at(end * MEGA))];
            chart.draw_series(LineSeries::new(line, pen.line(*colour, 1.5))).map_err(failed)?;
            let place = |point: &Point| (point.events as f64 / MEGA, value(point));
            let dots = points.iter().map(|point| Circle::new(place(point), pen.px(4.0), colour.filled()));
            chart.draw_series(dots).map_err(failed)?;
        }
        Ok(())
    }
}
