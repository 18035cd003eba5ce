//! Surfaces with hatches, legends and other strokes that several figures share.

use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::report::canvas::{Area, Pen, failed};
use crate::report::palette::{self, Fill, INK};

/// A place in an area, in pixels.
pub(crate) type Spot = (i32, i32);

/// Fills a rectangle, with its hatch and border.
pub(crate) fn surface<DB: DrawingBackend>(
    area: &Area<DB>,
    pen: Pen<'_>,
    box_: (Spot, Spot),
    fill: Fill,
) -> Result<()> {
    let ((x0, y0), (x1, y1)) = box_;
    if x1 <= x0 || y1 == y0 {
        return Ok(());
    }
    area.draw(&Rectangle::new([(x0, y0), (x1, y1)], fill.colour.filled())).map_err(failed)?;
    if fill.hatch {
        hatch(area, pen, (x0, y0.min(y1)), (x1, y0.max(y1)))?;
    }
    if fill.border {
        area.draw(&Rectangle::new([(x0, y0), (x1, y1)], pen.line(INK, 1.0))).map_err(failed)?;
    }
    Ok(())
}

/// Slanting lines, cut at the rectangle's sides.
fn hatch<DB: DrawingBackend>(area: &Area<DB>, pen: Pen<'_>, low: Spot, high: Spot) -> Result<()> {
    let tall = high.1 - low.1;
    let mut from = low.0 - tall + pen.px(3.0);
    while from < high.0 {
        let start = (from.max(low.0), high.1 - (from.max(low.0) - from));
        let end = ((from + tall).min(high.0), high.1 - ((from + tall).min(high.0) - from));
        if start.0 < end.0 {
            area.draw(&PathElement::new(vec![start, end], pen.line(INK.mix(0.55).to_rgb(), 1.0)))
                .map_err(failed)?;
        }
        from += pen.px(6.0);
    }
    Ok(())
}

trait Flat {
    fn to_rgb(self) -> RGBColor;
}

impl Flat for RGBAColor {
    fn to_rgb(self) -> RGBColor {
        let thin = |part: u8| (f64::from(part) * self.3 + 255.0 * (1.0 - self.3)) as u8;
        RGBColor(thin(self.0), thin(self.1), thin(self.2))
    }
}

/// Squares with names, from the left, in as many lines as they need.
pub(crate) fn legend<DB: DrawingBackend>(
    area: &Area<DB>,
    pen: Pen<'_>,
    named: &[(String, Fill)],
    start: Spot,
    width: i32,
) -> Result<()> {
    let style = pen.text(11.0, INK).pos(Pos::new(HPos::Left, VPos::Center));
    let (mut x, mut y) = start;
    for (name, fill) in named {
        let long = area.estimate_text_size(name, &style).map_or(0, |(width, _)| width as i32);
        if x + long + pen.px(20.0) > width && x > start.0 {
            (x, y) = (start.0, y + pen.px(18.0));
        }
        surface(area, pen, ((x, y + pen.px(3.0)), (x + pen.px(12.0), y + pen.px(15.0))), *fill)?;
        area.draw_text(name, &style, (x + pen.px(17.0), y + pen.px(9.0))).map_err(failed)?;
        x += long + pen.px(32.0);
    }
    Ok(())
}

/// Which mark is whose: a disc for those of the Kappa kind, a cross for the others.
pub(crate) fn keys<'a, DB: DrawingBackend>(
    area: &Area<DB>,
    pen: Pen<'_>,
    names: impl Iterator<Item = &'a str>,
    start: Spot,
) -> Result<()> {
    let (mut x, mut y) = start;
    let room = area.dim_in_pixel().0 as i32;
    let style = pen.text(11.0, INK).pos(Pos::new(HPos::Left, VPos::Center));
    for name in names {
        let long = area.estimate_text_size(name, &style).map_or(0, |(width, _)| width as i32) + pen.px(30.0);
        if x + long > room && x > start.0 {
            (x, y) = (start.0, y + pen.px(18.0));
        }
        let colour = palette::contestant(name);
        let spot = (x + pen.px(6.0), y + pen.px(9.0));
        if name.starts_with("kappa") {
            area.draw(&Circle::new(spot, pen.px(4.0), colour.filled())).map_err(failed)?;
        } else {
            area.draw(&Cross::new(spot, pen.px(4.0), pen.line(colour, 2.0))).map_err(failed)?;
        }
        area.draw_text(name, &style, (x + pen.px(15.0), y + pen.px(9.0))).map_err(failed)?;
        x += long;
    }
    Ok(())
}
