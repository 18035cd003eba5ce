//! What the figures look like; what they show is put together in `report/plots`.

use anyhow::Result;
use plotters::coord::combinators::LogCoord;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use crate::report::canvas::{Pen, failed};
use crate::report::palette::{GRID, SOFT};
use crate::report::unit;

pub(crate) mod bars;
pub(crate) mod curves;
pub(crate) mod dots;
pub(crate) mod ink;
pub(crate) mod lanes;
pub(crate) mod law;
pub(crate) mod replay;

/// A chart with time across and a logarithm of time upwards.
type TimeChart<'a, DB> = ChartContext<'a, DB, Cartesian2d<RangedCoordf64, LogCoord<f64>>>;

/// What the axes of a figure over time say.
pub(crate) struct TimeAxis {
    /// Across.
    pub(crate) along: &'static str,
    /// Upwards.
    pub(crate) up: &'static str,
}

/// Draws seconds across and, upwards, microseconds as people read them.
pub(crate) fn time_axis<DB: DrawingBackend>(
    chart: &mut TimeChart<'_, DB>,
    pen: Pen<'_>,
    axis: &TimeAxis,
) -> Result<()> {
    chart
        .configure_mesh()
        .x_labels(if pen.narrow { 4 } else { 7 })
        .y_labels(6)
        .x_label_formatter(&|x| unit::digits(*x))
        .y_label_formatter(&|y| unit::time(*y))
        .x_desc(axis.along)
        .y_desc(axis.up)
        .axis_desc_style(pen.text(11.0, SOFT))
        .label_style(pen.text(11.0, SOFT))
        .axis_style(pen.line(SOFT, 1.0))
        .bold_line_style(pen.line(GRID, 1.0))
        .light_line_style(TRANSPARENT)
        .draw()
        .map_err(failed)
}

/// From the power of ten below to the one above, so that a logarithmic axis has at least two labels.
pub(crate) fn decades(low: f64, high: f64) -> std::ops::Range<f64> {
    10f64.powf(low.max(1.0).log10().floor())..10f64.powf((high.max(2.0) * 1.05).log10().ceil())
}

/// Lengths of a dash and of the gap behind it, which tell lines apart where colour does not.
pub(crate) type Dash = Option<(f64, f64)>;

/// The first is whole; no two are alike.
const DASHES: [Dash; 7] = [
    None,
    Some((10.0, 3.0)),
    Some((2.0, 3.0)),
    Some((6.0, 6.0)),
    Some((18.0, 5.0)),
    Some((1.0, 7.0)),
    Some((3.0, 9.0)),
];

/// The dashes of a figure's lines, named by whose they are: whole for the first, and for each later line another.
pub(crate) fn dashes(n: usize) -> impl Iterator<Item = Dash> {
    DASHES.into_iter().cycle().take(n)
}
