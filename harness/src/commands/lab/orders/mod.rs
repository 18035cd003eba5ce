//! `wb lab orders`: the orders workshop, from its batch file to its questions, as a Lambda and as a Kappa.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use workloads::Event;
use workloads::files::{Disk, RealDisk, make_dir};

use super::super::{Usage, World, code, print};
use super::stage::Ground;
use crate::lang::context;
use seed::HISTORY;
use shown::{heading, listed, say};
use steps::Lab;
use totals::brief;

mod cases;
mod cast;
mod file;
mod measured;
mod reason;
mod seed;
mod shown;
mod steps;
mod totals;
mod typed;
mod view;
mod why;

/// The document's topic, and the log's folder where there is no broker.
const TOPIC: &str = "real-time-orders";
/// The document's batch file.
const FILE: &str = "transactions.json";
/// Held by the one lab at a time that may use a folder.
const LOCK: &str = ".lock";
/// Broken lines that are shown one by one.
const SHOWN: usize = 10;
/// Below this a recomputation cannot be told from nothing.
const FEWEST: u64 = 1_000;

/// Which orders, over which log, and where to leave what came of them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wb lab orders
  wb lab orders --lang fr
  wb lab orders --batch my-orders.json --type
  wb lab orders --log kafka://127.0.0.1:9092/real-time-orders

The batch file has an order a line, {\"customer\":\"Ali\",\"amount\":120}. Exit code 3 if a value of the document does not \
come out, or if Lambda, Kappa and truth do not agree.")]
pub struct Arguments {
    #[command(flatten)]
    ground: Ground,
    /// The batch layer's file; transactions.json of --out if absent, which is made if it is not there
    #[arg(long, value_name = "FILE")]
    batch: Option<PathBuf>,
    /// Folder for transactions.json, serving_view.json and, without --log, the log
    #[arg(long, value_name = "DIR", default_value = "lab-orders")]
    out: PathBuf,
    /// Take more orders from standard input at the end; by itself where that is a terminal
    #[arg(long = "type")]
    typed: bool,
    /// Orders over which questions 5 and 6 are measured; 0 leaves them out
    #[arg(long, value_name = "N", default_value_t = 200_000)]
    events: u64,
}

impl Arguments {
    /// Does it.
    pub fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        if (1..FEWEST).contains(&self.events) {
            return Err(Usage::error(format!("--events must be 0, or at least {FEWEST}")));
        }
        make_dir(&RealDisk, &self.out).with_context(|| format!("making {}", self.out.display()))?;
        let alone = RealDisk.lock(&self.out.join(LOCK)).context("locking the folder of --out")?;
        anyhow::ensure!(
            alone.is_some(),
            "another lab is at work in {}: choose another --out",
            self.out.display()
        );
        let mut lab = Lab::begin(&self, world)?;
        lab.stream()?;
        lab.exercises()?;
        lab.kappa()?;
        lab.golden()?;
        lab.questions()?;
        lab.typing()?;
        Ok(if lab.right() { ExitCode::SUCCESS } else { code::wrong() })
    }

    /// Where the log is.
    fn ground(&self) -> anyhow::Result<Ground> {
        let mut ground = self.ground.clone();
        if ground.log.is_none() {
            let folder = self.out.join(TOPIC);
            // That of the last time: each lab begins with an empty topic.
            if folder.join("log.json").is_file() {
                std::fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))?;
            }
            ground.log = Some(folder.display().to_string());
        }
        Ok(ground)
    }

    /// The batch file's orders.
    fn read(&self, world: &World) -> anyhow::Result<Vec<Event>> {
        let (lang, now) = (world.lang, world.clock.millis());
        heading(lang, "orders.data")?;
        let own = self.out.join(FILE);
        let path = self.batch.as_ref().unwrap_or(&own);
        let made = self.batch.is_none() && file::make(path)?;
        let file::Contents { orders, broken } = file::read(path, now)?;
        let shown = path.display().to_string();
        for (line, reason) in broken.iter().take(SHOWN) {
            let reason = reason::said(lang, reason);
            say(lang, "orders.broken", context! { file => &shown, line => *line, reason })?;
        }
        anyhow::ensure!(
            !orders.is_empty(),
            "no line of {shown} is an order: write them as {}, one a line",
            file::message(&HISTORY[0])
        );
        let returns = orders.iter().filter(|event| matches!(event, Event::Order(order) if order.amount <= 0));
        let fields = context! { file => &shown, orders => orders.len(), broken => broken.len(), returns => returns.count() };
        say(lang, if made { "orders.made" } else { "orders.read" }, fields)?;
        let words: Vec<String> = orders.iter().map(|event| brief(event, lang)).collect();
        print::text(&format!("  {}", listed(&words)))?;
        Ok(orders)
    }
}
