//! Consistency over time: a band of read classes for each contestant, and below it how far behind they are.

use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::report::canvas::{Area, Figure, Pen, failed};
use crate::report::figures::ink::{self, Spot};
use crate::report::figures::{TimeAxis, decades, time_axis};
use crate::report::notes;
use crate::report::palette::{self, BATCH, Fill, INK, SOFT};
use crate::report::unit;

/// One read on a lane.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// When it was answered.
    pub(crate) at_us: i64,
    /// Its class.
    pub(crate) class: String,
    /// Its staleness by claimed version.
    pub(crate) behind_us: f64,
}

/// A stretch of time in which something went on.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    /// `batch`, `publication`, or the name of a fault.
    pub(crate) what: String,
    /// When it began.
    pub(crate) from_us: i64,
    /// When it ended.
    pub(crate) until_us: i64,
}

/// One contestant over time.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    /// Its name.
    pub(crate) contestant: String,
    /// Its reads, by time.
    pub(crate) samples: Vec<Sample>,
    /// What went on meanwhile.
    pub(crate) blocks: Vec<Block>,
}

/// The figure.
#[derive(Clone, Debug)]
pub(crate) struct Lanes {
    /// The name of its files.
    pub(crate) name: String,
    /// What it shows.
    pub(crate) title: String,
    /// What must be known to read it.
    pub(crate) note: String,
    /// When the schedule ended.
    pub(crate) until_us: i64,
    /// The freshness objective.
    pub(crate) objective_us: i64,
    /// The contestants.
    pub(crate) lanes: Vec<Lane>,
}

const LANE: f64 = 52.0;
const BELOW: f64 = 190.0;
const LEGENDS: f64 = 26.0;
/// Staleness below this is drawn at the foot of the axis, which says so.
const FLOOR_US: f64 = 100.0;
/// Parts of the time of which a pointer finds the worst read.
const PARTS: i64 = 80;
/// Keeps the name of the upward axis off the edge, where a bitmap would cut it.
const EDGE: f64 = 10.0;

/// Room for the longest name.
fn left(lanes: &[Lane], pen: Pen<'_>) -> i32 {
    let longest = lanes.iter().map(|lane| lane.contestant.chars().count()).max().unwrap_or(0);
    pen.px((longest as f64 * 8.6 + 14.0).max(if pen.narrow { 70.0 } else { 110.0 }))
}

impl Lanes {
    fn legend(&self) -> Vec<(String, Fill)> {
        let seen = |class: &str| {
            self.lanes.iter().flat_map(|lane| &lane.samples).any(|sample| sample.class == class)
        };
        let mut legend: Vec<(String, Fill)> = palette::CLASSES
            .iter()
            .filter(|class| seen(class))
            .map(|class| ((*class).to_string(), palette::class(class)))
            .collect();
        if self.lanes.iter().flat_map(|lane| &lane.blocks).any(|block| block.what == "batch") {
            legend.push(("a batch computes".into(), Fill::plain(BATCH)));
        }
        legend
    }

    fn legend_height(&self, narrow: bool) -> f64 {
        let lines = if narrow { 1 + self.legend().len() / 3 } else { 1 };
        LEGENDS + 18.0 * (lines - 1) as f64
    }

    /// The names under the staleness take as many lines as they need.
    fn keys_height(&self, narrow: bool) -> f64 {
        let long: usize = self.lanes.iter().map(|lane| lane.contestant.chars().count() * 7 + 36).sum();
        LEGENDS * (1 + long / if narrow { 320 } else { 840 }) as f64
    }

    fn draw_lane<DB: DrawingBackend>(&self, area: &Area<DB>, pen: Pen<'_>, lane: &Lane) -> Result<()> {
        let (width, _) = area.dim_in_pixel();
        let from = left(&self.lanes, pen);
        let room = f64::from(width as i32 - from - pen.px(14.0));
        let x = |at: i64| from + (at.clamp(0, self.until_us) as f64 / self.until_us as f64 * room) as i32;
        let name =
            pen.bold(12.0, palette::contestant(&lane.contestant)).pos(Pos::new(HPos::Right, VPos::Center));
        area.draw_text(&lane.contestant, &name, (from - pen.px(8.0), pen.px(17.0))).map_err(failed)?;
        let band = (pen.px(6.0), pen.px(28.0));
        for (start, end, class) in stretches(&lane.samples, self.until_us) {
            let here = ((x(start), band.0), (x(end).max(x(start) + 1), band.1));
            ink::surface(area, pen, here, palette::class(&class))?;
            let (from, until) = (unit::time(start as f64), unit::time(end as f64));
            pen.note(area, here, &format!("{}: {class} from {from} to {until}", lane.contestant));
        }
        for sample in lane.samples.iter().filter(|sample| wrong(&sample.class)) {
            let tip = (x(sample.at_us), band.0);
            area.draw(&TriangleMarker::new((tip.0, tip.1 - pen.px(2.0)), pen.px(5.0), INK.filled()))
                .map_err(failed)?;
        }
        self.tell_wrong(area, pen, lane, &x);
        for block in &lane.blocks {
            self.draw_block(area, pen, block, &x)?;
        }
        Ok(())
    }

    /// Says what each wrong read was; those on one place have one note.
    fn tell_wrong<DB: DrawingBackend>(
        &self,
        area: &Area<DB>,
        pen: Pen<'_>,
        lane: &Lane,
        x: &dyn Fn(i64) -> i32,
    ) {
        let Some(notes) = pen.notes else { return };
        let samples: Vec<&Sample> = lane.samples.iter().filter(|sample| wrong(&sample.class)).collect();
        let base = area.get_base_pixel();
        let spot = |sample: &&Sample| (x(sample.at_us) + base.0, pen.px(4.0) + base.1);
        for (n, at) in notes::apart(samples.iter().map(spot)) {
            let (class, when) = (&samples[n].class, unit::time(samples[n].at_us as f64));
            notes.wrong(at, &format!("{}: {class} at {when}", lane.contestant));
        }
    }

    fn draw_block<DB: DrawingBackend>(
        &self,
        area: &Area<DB>,
        pen: Pen<'_>,
        block: &Block,
        x: &dyn Fn(i64) -> i32,
    ) -> Result<()> {
        let (start, end) = (x(block.from_us), x(block.until_us));
        if block.until_us < 0 || block.from_us > self.until_us {
            return Ok(());
        }
        match block.what.as_str() {
            "batch" => {
                let here = ((start, pen.px(33.0)), (end.max(start + 2), pen.px(41.0)));
                let (from, until) = (unit::time(block.from_us as f64), unit::time(block.until_us as f64));
                pen.note(area, here, &format!("a batch computes from {from} to {until}"));
                ink::surface(area, pen, here, Fill::plain(BATCH))
            }
            "publication" => {
                let here = ((start - 2, pen.px(29.0)), (start + 2, pen.px(46.0)));
                pen.note(area, here, &format!("published at {}", unit::time(block.from_us as f64)));
                let tick =
                    PathElement::new(vec![(start, pen.px(29.0)), (start, pen.px(46.0))], pen.line(INK, 1.0));
                area.draw(&tick).map_err(failed)
            }
            _ => {
                let shade = palette::contestant("lambda").mix(0.22).filled();
                let window = [(start, pen.px(2.0)), (end.max(start + 2), pen.px(46.0))];
                area.draw(&Rectangle::new(window, shade)).map_err(failed)?;
                let (from, until) = (unit::time(block.from_us as f64), unit::time(block.until_us as f64));
                pen.note(area, (window[0], window[1]), &format!("{}: {from} to {until}", block.what));
                let style = pen.text(10.0, INK).pos(Pos::new(HPos::Left, VPos::Bottom));
                area.draw_text(&block.what, &style, (start, pen.px(46.0))).map_err(failed)
            }
        }
    }

    fn draw_staleness<DB: DrawingBackend>(&self, area: &Area<DB>, pen: Pen<'_>) -> Result<()> {
        let worst = self.lanes.iter().flat_map(|lane| &lane.samples).map(|sample| sample.behind_us);
        let range = decades(FLOOR_US, worst.fold(self.objective_us as f64 * 2.0, f64::max));
        let mut chart = ChartBuilder::on(area)
            .margin_top(pen.px(8.0))
            .margin_left(pen.px(EDGE))
            .margin_right(pen.px(14.0))
            .set_label_area_size(LabelAreaPosition::Left, left(&self.lanes, pen) - pen.px(EDGE))
            .set_label_area_size(LabelAreaPosition::Bottom, pen.px(40.0))
            .build_cartesian_2d(0.0..self.until_us as f64 / 1e6, range.log_scale())
            .map_err(failed)?;
        let axis = TimeAxis { along: "time since the live part began (s)", up: "staleness of a read" };
        time_axis(&mut chart, pen, &axis)?;
        let end = self.until_us as f64 / 1e6;
        let rule = [(0.0, self.objective_us as f64), (end, self.objective_us as f64)];
        chart
            .draw_series(DashedLineSeries::new(rule, pen.px(5.0), pen.px(4.0), pen.line(SOFT, 1.0)))
            .map_err(failed)?;
        for lane in &self.lanes {
            let colour = palette::contestant(&lane.contestant);
            let spots =
                lane.samples.iter().map(|sample| (sample.at_us as f64 / 1e6, sample.behind_us.max(FLOOR_US)));
            if lane.contestant.starts_with("kappa") {
                let marks = spots.map(|spot| Circle::new(spot, pen.px(1.6), colour.filled()));
                chart.draw_series(marks).map_err(failed)?;
            } else {
                let marks = spots.map(|spot| Cross::new(spot, pen.px(2.0), pen.line(colour, 1.0)));
                chart.draw_series(marks).map_err(failed)?;
            }
        }
        for lane in &self.lanes {
            let Some(notes) = pen.notes else { break };
            for sample in stalest(&lane.samples, self.until_us) {
                let spot = (sample.at_us as f64 / 1e6, sample.behind_us.max(FLOOR_US));
                let (when, behind) = (unit::time(sample.at_us as f64), unit::time(sample.behind_us));
                let text = format!("{}: {behind} behind at {when}, {}", lane.contestant, sample.class);
                notes.spot(chart.backend_coord(&spot), &text);
            }
        }
        let base = area.get_base_pixel();
        let at = chart.backend_coord(&(end, self.objective_us as f64));
        let style = pen.text(10.0, SOFT).pos(Pos::new(HPos::Right, VPos::Bottom));
        area.draw_text("objective", &style, (at.0 - base.0, at.1 - base.1 - pen.px(2.0))).map_err(failed)
    }
}

/// The read that was furthest behind in each of some equal parts of the time.
fn stalest(samples: &[Sample], until_us: i64) -> Vec<&Sample> {
    let part = |sample: &Sample| sample.at_us * PARTS / until_us.max(1);
    let same = |one: &Sample, other: &Sample| part(one) == part(other);
    let worst = |of: &[Sample]| (0..of.len()).max_by(|a, b| of[*a].behind_us.total_cmp(&of[*b].behind_us));
    samples.chunk_by(same).filter_map(|of| worst(of).map(|n| &of[n])).collect()
}

/// Whether a read of that class is an error of the contestant and no mere lag.
pub(crate) fn wrong(class: &str) -> bool {
    !matches!(class, "current" | "stale" | "undecidable")
}

/// The band: each read stands for the time up to the next one; equal neighbours are one stretch.
fn stretches(samples: &[Sample], until_us: i64) -> Vec<(i64, i64, String)> {
    let mut all: Vec<(i64, i64, String)> = Vec::new();
    for (n, sample) in samples.iter().enumerate() {
        let start = if n == 0 { 0 } else { sample.at_us };
        let end = samples.get(n + 1).map_or(until_us, |next| next.at_us);
        match all.last_mut() {
            Some(last) if last.2 == sample.class => last.1 = end,
            _ => all.push((start, end, sample.class.clone())),
        }
    }
    all
}

impl Figure for Lanes {
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
        let height =
            LANE * self.lanes.len() as f64 + self.legend_height(narrow) + BELOW + self.keys_height(narrow);
        (if narrow { 340 } else { 960 }, height as u32)
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let mut rows = vec![["contestant", "at_us", "class", "behind_us"].map(String::from).to_vec()];
        for lane in &self.lanes {
            rows.extend(lane.samples.iter().map(|sample| {
                vec![
                    lane.contestant.clone(),
                    sample.at_us.to_string(),
                    sample.class.clone(),
                    sample.behind_us.to_string(),
                ]
            }));
        }
        rows
    }

    fn draw<DB: DrawingBackend>(&self, area: &Area<DB>, pen: Pen<'_>) -> Result<()> {
        let mut rest = area.clone();
        for lane in &self.lanes {
            let (here, below) = rest.split_vertically(pen.px(LANE));
            self.draw_lane(&here, pen, lane)?;
            rest = below;
        }
        let (legend, below) = rest.split_vertically(pen.px(self.legend_height(pen.narrow)));
        let (width, _) = area.dim_in_pixel();
        let start: Spot = (if pen.narrow { pen.px(8.0) } else { left(&self.lanes, pen) }, 0);
        ink::legend(&legend, pen, &self.legend(), start, width as i32)?;
        let (plot, keys) = below.split_vertically(pen.px(BELOW));
        self.draw_staleness(&plot, pen)?;
        ink::keys(&keys, pen, self.lanes.iter().map(|lane| lane.contestant.as_str()), start)
    }
}
