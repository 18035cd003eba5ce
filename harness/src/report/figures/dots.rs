//! In which places each rule stands: rules downwards, places across.

use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::report::canvas::{Area, Figure, Pen, failed};
use crate::report::figures::ink;
use crate::report::palette::{Fill, GRID, INK, SOFT};

/// One rule.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Its number, such as `O3`.
    pub(crate) rule: String,
    /// How many sites it has in each place.
    pub(crate) sites: Vec<u32>,
}

/// The rules of one workload.
#[derive(Clone, Debug)]
pub(crate) struct Matrix {
    /// Name of the workload.
    pub(crate) workload: String,
    /// The rules.
    pub(crate) lines: Vec<Line>,
}

/// The figure: one matrix a workload.
#[derive(Clone, Debug)]
pub(crate) struct Dots {
    /// The name of its files.
    pub(crate) name: String,
    /// What it shows.
    pub(crate) title: String,
    /// The places, with the colour of whom they belong to.
    pub(crate) places: Vec<(String, Fill)>,
    /// The matrices.
    pub(crate) matrices: Vec<Matrix>,
}

const LINE: f64 = 22.0;
const HEAD: f64 = 52.0;

impl Dots {
    fn height(&self, matrix: &Matrix) -> f64 {
        HEAD + LINE * matrix.lines.len() as f64 + 12.0
    }

    fn draw_matrix<DB: DrawingBackend>(&self, area: &Area<DB>, pen: Pen<'_>, matrix: &Matrix) -> Result<()> {
        area.draw_text(&matrix.workload, &pen.bold(12.0, INK), (pen.px(4.0), pen.px(4.0))).map_err(failed)?;
        let column = |n: usize| pen.px(66.0 + if pen.narrow { 58.0 } else { 72.0 } * n as f64);
        let centred = Pos::new(HPos::Center, VPos::Center);
        for (n, (place, _)) in self.places.iter().enumerate() {
            area.draw_text(place, &pen.text(11.0, SOFT).pos(centred), (column(n), pen.px(36.0)))
                .map_err(failed)?;
        }
        for (n, line) in matrix.lines.iter().enumerate() {
            let y = pen.px(HEAD + LINE * (n as f64 + 0.5));
            let across = vec![(pen.px(34.0), y), (column(self.places.len() - 1) + pen.px(20.0), y)];
            area.draw(&PathElement::new(across, pen.line(GRID, 1.0))).map_err(failed)?;
            let name = pen.text(11.0, INK).pos(Pos::new(HPos::Right, VPos::Center));
            area.draw_text(&line.rule, &name, (pen.px(30.0), y)).map_err(failed)?;
            for (place, sites) in line.sites.iter().enumerate() {
                self.draw_sites(area, pen, place, *sites, (column(place), y))?;
                let reach = pen.px(22.0);
                let here =
                    ((column(place) - reach, y - pen.px(9.0)), (column(place) + reach, y + pen.px(9.0)));
                if *sites > 0 {
                    let (rule, name) = (&line.rule, &self.places[place].0);
                    pen.note(area, here, &format!("{rule} in {name}: {}", counted(*sites)));
                }
            }
        }
        Ok(())
    }

    /// A dot a site, overlapping when there are many, with their number beside them from two on.
    fn draw_sites<DB: DrawingBackend>(
        &self,
        area: &Area<DB>,
        pen: Pen<'_>,
        place: usize,
        sites: u32,
        at: ink::Spot,
    ) -> Result<()> {
        let fill = self.places[place].1;
        let shown = sites.min(4);
        for n in 0..shown {
            let x = at.0 + pen.px(9.0 * (f64::from(n) - f64::from(shown - 1) / 2.0));
            area.draw(&Circle::new((x, at.1), pen.px(5.5), fill.colour.filled())).map_err(failed)?;
            area.draw(&Circle::new((x, at.1), pen.px(5.5), pen.line(INK, 1.0))).map_err(failed)?;
        }
        if sites > 4 {
            let style = pen.text(10.0, INK).pos(Pos::new(HPos::Left, VPos::Center));
            area.draw_text(&format!("{sites}"), &style, (at.0 + pen.px(21.0), at.1)).map_err(failed)?;
        }
        Ok(())
    }
}

fn counted(sites: u32) -> String {
    format!("{sites} site{}", if sites == 1 { "" } else { "s" })
}

impl Figure for Dots {
    fn name(&self) -> &str {
        &self.name
    }

    fn title(&self) -> String {
        self.title.clone()
    }

    fn size(&self, narrow: bool) -> (u32, u32) {
        let heights = self.matrices.iter().map(|matrix| self.height(matrix));
        if narrow { (340, heights.sum::<f64>() as u32) } else { (960, heights.fold(0.0, f64::max) as u32) }
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let mut rows = vec![["workload", "rule", "place", "sites"].map(String::from).to_vec()];
        for matrix in &self.matrices {
            for line in &matrix.lines {
                for ((place, _), sites) in self.places.iter().zip(&line.sites) {
                    rows.push(vec![
                        matrix.workload.clone(),
                        line.rule.clone(),
                        place.clone(),
                        sites.to_string(),
                    ]);
                }
            }
        }
        rows
    }

    fn draw<DB: DrawingBackend>(&self, area: &Area<DB>, pen: Pen<'_>) -> Result<()> {
        if pen.narrow {
            let mut rest = area.clone();
            for matrix in &self.matrices {
                let (here, below) = rest.split_vertically(pen.px(self.height(matrix)));
                self.draw_matrix(&here, pen, matrix)?;
                rest = below;
            }
            return Ok(());
        }
        let places = area.split_evenly((1, self.matrices.len().max(1)));
        places.iter().zip(&self.matrices).try_for_each(|(place, matrix)| self.draw_matrix(place, pen, matrix))
    }
}
