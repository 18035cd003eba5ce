//! `wb serve`: the live page.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::channel;

use anyhow::Context;
use clap::Args;
use workloads::faults::SourceFaults;
use workloads::{Dedup, Terms, Workload};

use super::answer::dedup;
use super::{Usage, World, code};
use crate::lang::{Lang, context};
use crate::logs::{Clients, LogAddress};
use crate::plan::Events;
use crate::serve::board::Board;
use crate::serve::door::{self, Door};
use crate::serve::engine::{Again, Engine, Live, Play};
use crate::serve::http::{Limits, Server};
use crate::serve::past::Past;
use crate::serve::record::Student;
use crate::serve::site::{self, Pages};
use crate::serve::system::Ground;
use crate::serve::{Record, Scene, System};

/// What is shown, and to whom.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wb serve orders
  wb serve trades --rate 10000 --record my-lesson
  wb serve --replay my-lesson
  wb serve --run runs/2026-07-21-default
  WB_TOKEN=.. wb serve --bind 0.0.0.0:8080 --token-from env:WB_TOKEN

A Lambda, one with a weak hand-over that is switched on the page, a Kappa and the truth run in this process, in ticks of \
50 ms; a batch has a turn every fifth, so that it takes a while, as real ones do. The same seed and the same switches \
at the same ticks give the same wrong answers: --record keeps them, --replay shows them again. After --round events a \
new log is begun, so that it can run as long as you like.")]
pub struct Arguments {
    /// Workload; orders if absent, of a finished run its first
    workload: Option<String>,
    /// Events a second
    #[arg(long, value_name = "R", default_value_t = 1_000.0)]
    rate: f64,
    /// Seed of the events
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Number of customers or symbols
    #[arg(long, value_name = "N")]
    keys: Option<u32>,
    /// Milliseconds from one batch to the next
    #[arg(long, value_name = "MS", default_value_t = 5_000)]
    cut_ms: u64,
    /// Events after which a new log is begun
    #[arg(long, value_name = "N", default_value_t = 300_000)]
    round: u64,
    /// Event time of the first event, in milliseconds since 1970; now if absent
    #[arg(long, value_name = "MS")]
    start: Option<i64>,
    /// By what everybody recognises repeats: none, offset, origin, content
    #[arg(long, value_name = "SETTING", default_value = "origin", value_parser = dedup)]
    dedup: Dedup,
    /// What goes wrong at the source from the beginning, such as late=0.05,resend=0.02
    #[arg(long, value_name = "FAULTS", default_value = "none")]
    faults: SourceFaults,
    /// The hand-over of the student's Lambda from the beginning: offset, event-time(MS), at-start, at-publish, none
    #[arg(long, value_name = "NAME", default_value = "offset")]
    handover: lambda::options::Protocol,
    /// Where the logs lie, one for each round: a folder, or kafka://HOST:PORT/TOPIC; a temporary folder if absent
    #[arg(long, value_name = "LOG")]
    log: Option<LogAddress>,
    /// Keep in this folder what it takes to run it again
    #[arg(long, value_name = "DIR", conflicts_with_all = ["replay", "run"])]
    record: Option<PathBuf>,
    /// Run again what is kept in this folder
    #[arg(long, value_name = "DIR", conflicts_with = "run")]
    replay: Option<PathBuf>,
    /// Only say whether the replay gives the same wrong answers, as fast as can be; exit code 3 if it does not
    #[arg(long, requires = "replay")]
    once: bool,
    /// Show a finished run: a folder that `wb compare` or `wb run` has left
    #[arg(long, value_name = "DIR")]
    run: Option<PathBuf>,
    /// Which repeat of the finished run
    #[arg(long, value_name = "N", default_value_t = 1, requires = "run")]
    repeat: u32,
    /// How many times as fast a replay or a finished run is shown
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    speed: f64,
    /// Address and port; any but this machine's own needs the token
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    bind: SocketAddr,
    /// Where the token stands: env:NAME or file:PATH; one is made and printed if absent
    #[arg(long, value_name = "PLACE")]
    token_from: Option<String>,
    /// Another name by which the page may be called
    #[arg(long, value_name = "HOST")]
    name: Vec<String>,
    /// Connections at a time
    #[arg(long, value_name = "N", default_value_t = 256)]
    connections: usize,
    /// End after so many seconds
    #[arg(long, value_name = "S")]
    seconds: Option<u64>,
    /// Language of the page: it can be changed there
    #[arg(long, value_enum)]
    lang: Option<Lang>,
    #[command(flatten)]
    clients: Clients,
}

impl Arguments {
    /// Does it.
    pub fn run(mut self, world: &World) -> anyhow::Result<ExitCode> {
        self.clients.set_up(self.log.iter_mut())?;
        if !(self.speed > 0.0 && self.speed.is_finite()) {
            return Err(Usage::error("--speed must be a number above 0"));
        }
        match (&self.replay, &self.run) {
            (Some(folder), _) if self.once => self.check(folder, world),
            (Some(folder), _) => {
                let record = Record::load(folder).map_err(Usage::error)?;
                let system = System::new(record.scene.clone(), self.ground(world)?, world.clock)?;
                let workload = system.workload();
                self.serve(&mut Again { system, record }, (workload, "replay", site::parties()), world)
            }
            (None, Some(folder)) => {
                let mut past = Past::load(folder, self.workload.as_deref(), self.repeat)?;
                let (workload, parties) = (past.workload(), past.parties());
                self.serve(&mut past, (workload, "run", parties), world)
            }
            (None, None) => {
                let scene = self.scene(world);
                scene.check().map_err(Usage::error)?;
                let system = System::new(scene, self.ground(world)?, world.clock)?;
                let workload = system.workload();
                self.serve(&mut Live(system), (workload, "live", site::parties()), world)
            }
        }
    }
}

impl Arguments {
    fn ground(&self, world: &World) -> anyhow::Result<Ground> {
        Ground::new(self.log.clone(), world.environment)
    }

    fn scene(&self, world: &World) -> Scene {
        let workload = self.workload.clone().unwrap_or_else(|| "orders".into());
        let trades = workload == "trades";
        Scene {
            seed: self.seed,
            rate: self.rate,
            partitions: 2,
            cut_ms: self.cut_ms,
            round: self.round,
            terms: Terms { dedup: self.dedup, ..Terms::default() },
            events: Events {
                keys: self.keys.unwrap_or(if trades { 8 } else { 40 }),
                cancellations: if trades { 0.005 } else { 0.05 },
                corrections: if trades { 0.005 } else { 0.02 },
                start: self.start.unwrap_or_else(|| world.clock.millis() / 1000 * 1000),
            },
            faults: self.faults.clone(),
            student: Student {
                dedup: None,
                lambda: lambda::Options { handover: self.handover, ..lambda::Options::default() },
            },
            workload,
        }
    }

    /// Whether a record gives the same wrong answers again.
    fn check(&self, folder: &Path, world: &World) -> anyhow::Result<ExitCode> {
        let record = Record::load(folder).map_err(Usage::error)?;
        let again = System::replay(&record, self.ground(world)?, world.clock, |_| world.stop.check())?;
        let (then, now) = (&record.end, again.recorded().end);
        println!("then: {} wrong reads in {} ticks, digest {}", then.wrong, then.ticks, then.digest);
        println!("now:  {} wrong reads in {} ticks, digest {}", now.wrong, now.ticks, now.digest);
        if *then == now {
            println!("the same");
            return Ok(ExitCode::SUCCESS);
        }
        println!("not the same: another build of the program, or a record that was changed");
        Ok(code::wrong())
    }

    fn serve(
        &self,
        play: &mut dyn Play,
        (workload, mode, parties): (&'static Workload, &'static str, Vec<String>),
        world: &World,
    ) -> anyhow::Result<ExitCode> {
        let lang = self.lang.unwrap_or_else(|| Lang::of(world.environment));
        let (door, shown) = self.door(world)?;
        let (board, (send, asks)) = (Board::default(), channel());
        let pages = Pages { door, board: board.clone(), asks: send, workload, mode, lang, parties };
        let listener = TcpListener::bind(self.bind).with_context(|| {
            format!("listening at {}: is another page there? --bind chooses another port", self.bind)
        })?;
        let limits = Limits { connections: self.connections, ..Limits::default() };
        let server = Server::start(listener, site::shared(pages), limits, world.clock)?;
        let address = server.address();
        let query = shown.map(|token| format!("?token={token}")).unwrap_or_default();
        println!("{}", lang.say("page.open", context! { address => format!("http://{address}/{query}") }));
        let (stop, seconds) = (world.stop.clone(), self.seconds);
        let speed = if mode == "live" { 1.0 } else { self.speed };
        let record = self.record.clone();
        Engine { clock: world.clock, board, asks, stop, record, speed, seconds }.run(play)?;
        drop(server);
        Ok(ExitCode::SUCCESS)
    }

    /// The door, and the token if it is to be shown.
    fn door(&self, world: &World) -> anyhow::Result<(Door, Option<String>)> {
        let guarded = !self.bind.ip().is_loopback();
        let given = self.token_from.as_deref().map(|place| door::given(place, world.environment));
        let (token, drawn) = match given.transpose().map_err(Usage::error)? {
            Some(token) => (token, false),
            None => (door::drawn()?, true),
        };
        let shown = (guarded && drawn).then(|| token.clone());
        Ok((Door::new(token, guarded, self.name.clone()), shown))
    }
}
