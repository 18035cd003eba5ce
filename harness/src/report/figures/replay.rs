//! How fast a log is replayed, by the records that a version spans: a line for each number of workers.

use anyhow::Result;
use plotters::prelude::*;

use crate::limits::replay::{Curve, Point};
use crate::report::canvas::{Area, Figure, Pen, failed};
use crate::report::palette::{self, GRID, SOFT};
use crate::report::unit;

/// The figure of a curve.
pub(crate) struct Speed<'a>(pub(crate) &'a Curve);

impl Figure for Speed<'_> {
    fn name(&self) -> &str {
        "replay"
    }

    fn title(&self) -> String {
        let Curve { workload, records, points } = self.0;
        let best = points.iter().map(|point| self.0.speed(point)).fold(0.0, f64::max);
        let all = unit::prefixed(*records as f64);
        format!("A replay of {all} events of {workload} comes to {best:.1} million a second at most")
    }

    fn size(&self, narrow: bool) -> (u32, u32) {
        if narrow { (360, 300) } else { (760, 320) }
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let head = ["workload", "records", "workers", "granularity", "seconds", "million_per_s"];
        let row = |point: &Point| {
            vec![
                self.0.workload.clone(),
                self.0.records.to_string(),
                point.workers.to_string(),
                point.granularity.to_string(),
                format!("{:.6}", point.seconds),
                format!("{:.4}", self.0.speed(point)),
            ]
        };
        std::iter::once(head.map(str::to_owned).to_vec()).chain(self.0.points.iter().map(row)).collect()
    }

    fn draw<DB: DrawingBackend>(&self, area: &Area<DB>, pen: Pen<'_>) -> Result<()> {
        let points = &self.0.points;
        let grains = || points.iter().map(|point| point.granularity as f64);
        let (low, high) = (grains().fold(f64::MAX, f64::min), grains().fold(1.0, f64::max));
        let top = points.iter().map(|point| self.0.speed(point)).fold(1e-3, f64::max) * 1.15;
        let mut chart = ChartBuilder::on(area)
            .margin(pen.px(16.0))
            .set_label_area_size(LabelAreaPosition::Left, pen.px(46.0))
            .set_label_area_size(LabelAreaPosition::Bottom, pen.px(38.0))
            .build_cartesian_2d((low / 1.5..high * 1.5).log_scale(), 0.0..top)
            .map_err(failed)?;
        chart
            .configure_mesh()
            .y_labels(5)
            .x_label_formatter(&|x| unit::prefixed(*x))
            .x_desc("records a version spans at most (g)")
            .y_desc("million records a second")
            .axis_desc_style(pen.text(11.0, SOFT))
            .label_style(pen.text(11.0, SOFT))
            .axis_style(pen.line(SOFT, 1.0))
            .bold_line_style(pen.line(GRID, 1.0))
            .light_line_style(TRANSPARENT)
            .draw()
            .map_err(failed)?;
        let mut workers: Vec<u32> = points.iter().map(|point| point.workers).collect();
        workers.sort_unstable();
        workers.dedup();
        let style = pen.line(palette::contestant("kappa"), 1.5);
        for workers in workers {
            let mut line: Vec<(f64, f64)> = points
                .iter()
                .filter(|point| point.workers == workers)
                .map(|point| (point.granularity as f64, self.0.speed(point)))
                .collect();
            line.sort_by(|a, b| a.0.total_cmp(&b.0));
            chart.draw_series(LineSeries::new(line.iter().copied(), style)).map_err(failed)?;
            let words = format!("{workers} worker{}", if workers == 1 { "" } else { "s" });
            let dots = line.iter().map(|at| Circle::new(*at, pen.px(3.5), style.filled()));
            chart.draw_series(dots).map_err(failed)?;
            if let Some((x, y)) = line.first() {
                let text = Text::new(words, (*x * 1.06, *y - top / 40.0), pen.text(11.0, SOFT));
                chart.draw_series(std::iter::once(text)).map_err(failed)?;
            }
        }
        Ok(())
    }
}
