//! Keeps ticks to the time of day, hangs frames on the board, and does what pages ask for.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender};

use hashbrown::HashMap;
use serde::Serialize;
use workloads::Query;
use workloads::faults::SourceFaults;

use super::board::Board;
use super::frame::{self, Frame, Line, Switched};
use super::record::{Record, Student};
use super::system::System;
use super::{FRAME_TICKS, TICK_US};
use crate::clock::Clock;
use crate::driver::Stop;

/// Samples that are remembered: two minutes.
const SAMPLES: usize = 600;

/// Keys that are proposed at once.
const KEYS: usize = 12;

/// How often the record is written while nothing is switched, in frames.
const SAVE_FRAMES: u64 = 25;

/// Something that goes on tick by tick and can be shown.
pub trait Play {
    /// One tick; false at the end.
    fn tick(&mut self) -> anyhow::Result<bool>;
    /// What is shown now.
    fn frame(&mut self) -> Frame;
    /// The rows of some questions.
    fn lines(&mut self, questions: &[Query]) -> HashMap<Query, Line>;
    /// Keys of a view that contain a text, and how many there are.
    fn keys(&self, view: &str, text: &str, most: usize) -> (Vec<String>, usize);
    /// Switches something, from the next tick on.
    fn switch(&mut self, faults: Option<SourceFaults>, student: Option<Student>) -> anyhow::Result<Switched>;
    /// What is worth keeping, if anything.
    fn recorded(&self) -> Option<Record>;
}

/// What a page wants.
pub enum Ask {
    /// Keys of a view that contain a text.
    Keys {
        /// The view.
        view: String,
        /// The text.
        text: String,
        /// Where the answer goes.
        reply: SyncSender<Keys>,
    },
    /// Something switched.
    Switch {
        /// Faults of the source.
        faults: Option<SourceFaults>,
        /// Another student.
        student: Box<Option<Student>>,
        /// Where the answer goes.
        reply: SyncSender<Result<Switched, String>>,
    },
    /// What was shown before.
    History(SyncSender<Vec<Sample>>),
}

/// Some keys.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Keys {
    /// A few of them.
    pub keys: Vec<String>,
    /// How many there are.
    pub all: usize,
}

/// What remains of a frame for the time line.
#[derive(Clone, Debug, Serialize)]
pub struct Sample {
    /// Microseconds since the start.
    pub at_us: i64,
    /// The round.
    pub round: u64,
    /// Events a second.
    pub rate: f64,
    /// Age of the newest publication of each Lambda, in microseconds.
    pub ages_us: Vec<i64>,
    /// The worst class of each party.
    pub classes: Vec<&'static str>,
}

/// A system as it goes on.
pub struct Live(pub System);

/// A system run again from its record.
pub struct Again {
    /// The system.
    pub system: System,
    /// Its record.
    pub record: Record,
}

/// What keeps the time.
pub struct Engine {
    /// The clock of the day.
    pub clock: Clock,
    /// Where frames hang.
    pub board: Board,
    /// What pages ask for.
    pub asks: Receiver<Ask>,
    /// Whether somebody wants to end.
    pub stop: Stop,
    /// Where a record is kept.
    pub record: Option<PathBuf>,
    /// How many times faster than its own clock it goes.
    pub speed: f64,
    /// After how long it ends by itself.
    pub seconds: Option<u64>,
}

impl Engine {
    /// Goes on until somebody wants to end; what has come to its end goes on being shown.
    pub fn run(&self, play: &mut dyn Play) -> anyhow::Result<()> {
        let mut run = Run { engine: self, samples: VecDeque::new(), frames: 0, heads: VecDeque::new() };
        let began = self.clock.micros();
        let (mut ticks, mut over, mut trouble) = (0_u64, false, None);
        let end = self.seconds.map(|seconds| began + seconds as i64 * 1_000_000);
        while !self.stop.wanted() && end.is_none_or(|end| self.clock.micros() < end) {
            let due = began + (ticks as f64 * TICK_US as f64 / self.speed) as i64;
            let late = self.clock.micros() - due;
            run.answer(play, -late);
            if self.clock.micros() < due {
                continue;
            }
            if !over {
                match play.tick() {
                    Ok(goes_on) => over = !goes_on,
                    Err(error) => (over, trouble) = (true, Some(format!("{error:#}"))),
                }
            }
            ticks += 1;
            if ticks.is_multiple_of(FRAME_TICKS) {
                run.show(play, late.max(0), over, trouble.as_deref())?;
            }
        }
        self.save(play)
    }

    fn save(&self, play: &dyn Play) -> anyhow::Result<()> {
        match (&self.record, play.recorded()) {
            (Some(folder), Some(record)) => record.save(folder),
            _ => Ok(()),
        }
    }
}

struct Run<'a> {
    engine: &'a Engine,
    samples: VecDeque<Sample>,
    frames: u64,
    /// How far the log was, by a real clock, in the last second.
    heads: VecDeque<(i64, u64, u64)>,
}

impl Run<'_> {
    /// Does what is asked for, and waits so long for more.
    fn answer(&self, play: &mut dyn Play, wait_us: i64) {
        let wait = std::time::Duration::from_micros(wait_us.max(0) as u64);
        let asks = &self.engine.asks;
        let mut next = if wait_us > 0 { asks.recv_timeout(wait).ok() } else { asks.try_recv().ok() };
        while let Some(ask) = next {
            // Whoever does not wait for its answer any more goes without.
            match ask {
                Ask::Keys { view, text, reply } => {
                    let (keys, all) = play.keys(&view, &text, KEYS);
                    let _ = reply.try_send(Keys { keys, all });
                }
                Ask::Switch { faults, student, reply } => {
                    let switched = play.switch(faults, *student).map_err(|error| format!("{error:#}"));
                    if switched.is_ok() && self.engine.save(play).is_err() {
                        eprintln!("wb: the record could not be written; it is tried again at the end");
                    }
                    let _ = reply.try_send(switched);
                }
                Ask::History(reply) => {
                    let _ = reply.try_send(self.samples.iter().cloned().collect());
                }
            }
            next = asks.try_recv().ok();
        }
    }

    fn show(
        &mut self,
        play: &mut dyn Play,
        late_us: i64,
        over: bool,
        trouble: Option<&str>,
    ) -> anyhow::Result<()> {
        let mut frame = play.frame();
        frame.rate = self.rate(&frame);
        (frame.late_us, frame.over, frame.trouble) = (late_us, over, trouble.map(str::to_owned));
        self.frames += 1;
        if !over {
            self.sample(&frame);
        }
        let questions = self.engine.board.questions();
        let lines = if questions.is_empty() { HashMap::new() } else { play.lines(&questions) };
        let written = |(query, line): (Query, Line)| Some((query, serde_json::to_string(&line).ok()?));
        let lines = lines.into_iter().filter_map(written).collect();
        self.engine.board.show(serde_json::to_string(&frame)?, lines);
        if self.frames.is_multiple_of(SAVE_FRAMES) { self.engine.save(play) } else { Ok(()) }
    }

    fn sample(&mut self, frame: &Frame) {
        if self.samples.len() == SAMPLES {
            self.samples.pop_front();
        }
        self.samples.push_back(Sample {
            at_us: frame.at_us,
            round: frame.round,
            rate: frame.rate,
            ages_us: frame.parties.iter().filter_map(|party| Some(party.batch.as_ref()?.age_us)).collect(),
            classes: frame.parties.iter().map(|party| party.class).collect(),
        });
    }

    /// Events a second over the last second, of one round.
    fn rate(&mut self, frame: &Frame) -> f64 {
        let now = self.engine.clock.micros();
        self.heads.push_back((now, frame.round, frame.head.total));
        self.heads.retain(|(at, round, _)| now - at <= 1_200_000 && *round == frame.round);
        let first = self.heads.front().filter(|(at, ..)| now > *at);
        first.map_or(0.0, |(at, _, total)| {
            (frame.head.total.saturating_sub(*total)) as f64 * 1e6 / (now - at) as f64
        })
    }
}

impl Play for Live {
    fn tick(&mut self) -> anyhow::Result<bool> {
        self.0.tick().map(|()| true)
    }

    fn frame(&mut self) -> Frame {
        frame::take(&mut self.0)
    }

    fn lines(&mut self, questions: &[Query]) -> HashMap<Query, Line> {
        frame::lines(&mut self.0, questions)
    }

    fn keys(&self, view: &str, text: &str, most: usize) -> (Vec<String>, usize) {
        keys(&self.0, view, text, most)
    }

    fn switch(&mut self, faults: Option<SourceFaults>, student: Option<Student>) -> anyhow::Result<Switched> {
        self.0.switch(faults, student)?;
        let last = self.0.record.switches.last();
        Ok(last.map(Switched::from).expect("something was switched just now"))
    }

    fn recorded(&self) -> Option<Record> {
        Some(self.0.recorded())
    }
}

impl Play for Again {
    fn tick(&mut self) -> anyhow::Result<bool> {
        if self.system.ticks() >= self.record.end.ticks {
            return Ok(false);
        }
        self.system.again(&self.record)?;
        self.system.tick()?;
        Ok(true)
    }

    fn frame(&mut self) -> Frame {
        Frame { mode: "replay", ..frame::take(&mut self.system) }
    }

    fn lines(&mut self, questions: &[Query]) -> HashMap<Query, Line> {
        frame::lines(&mut self.system, questions)
    }

    fn keys(&self, view: &str, text: &str, most: usize) -> (Vec<String>, usize) {
        keys(&self.system, view, text, most)
    }

    fn switch(&mut self, _: Option<SourceFaults>, _: Option<Student>) -> anyhow::Result<Switched> {
        anyhow::bail!("this is a replay: what was switched then is switched again, and nothing else")
    }

    fn recorded(&self) -> Option<Record> {
        None
    }
}

/// Those that are asked all the time come first where nothing is looked for.
fn keys(system: &System, view: &str, text: &str, most: usize) -> (Vec<String>, usize) {
    if system.workload().view(view).is_none() {
        return (Vec::new(), 0);
    }
    let (found, all) = system.oracle().keys(view, text, most);
    let probes = system.oracle().questions().into_iter().filter(|query| query.view == view);
    let probes: Vec<String> = probes.filter_map(|query| query.key).collect();
    match text.is_empty() && !probes.is_empty() {
        true => (probes, all),
        false => (found, all),
    }
}
