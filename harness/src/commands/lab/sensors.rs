//! `wb lab sensors`: a temperature a second from each region, its averages, and an alert where it is too hot.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use workloads::calendar::Unit;
use workloads::sensors::alerts;
use workloads::{Codec, Draft, Row, Shape, workload};

use super::super::print::{self, Value};
use super::super::{Usage, World, code};
use super::stage::{Follower, Ground, Stage};
use crate::lang::{Lang, context};

/// Between two looks at what is due.
const TURN: Duration = Duration::from_millis(20);
/// Between two looks at who leads, in microseconds.
#[cfg(feature = "kafka")]
const LOOK_US: i64 = 500_000;

/// Which readings, how fast, and what happens on the way.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wb lab sensors --seconds 120 --speed 20
  scripts/kafka up 3
  wb lab sensors --log kafka://127.0.0.1:9092,127.0.0.1:9093/readings --replication 3 \\
      --fault-at 60 --fault 'scripts/kafka kill {leader}' --on-alert 'echo too hot in $WB_REGION'

A reading is four bytes, the most significant first. The generator's heat waves are known, so that exactly their \
alerts must appear; exit code 3 if they do not, or if a reading is lost.")]
pub struct Arguments {
    #[command(flatten)]
    ground: Ground,
    /// Number of regions
    #[arg(long, value_name = "N", default_value_t = 4)]
    regions: u32,
    /// Seconds of readings
    #[arg(long, value_name = "N", default_value_t = 300)]
    seconds: u64,
    /// Seconds of readings sent in one second: 1 is as sensors do
    #[arg(long, value_name = "N", default_value_t = 10.0)]
    speed: f64,
    /// Seed of the weather
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Run this for each alert, with WB_REGION, WB_SECOND and WB_AVERAGE in its environment
    #[arg(long, value_name = "COMMAND")]
    on_alert: Option<String>,
    /// Run this on the way; {leader} is the broker that leads partition 0
    #[arg(long, value_name = "COMMAND", requires = "fault_at")]
    fault: Option<String>,
    /// After so many seconds of readings
    #[arg(long, value_name = "SECOND", requires = "fault")]
    fault_at: Option<u64>,
    /// Who computes
    #[arg(long, value_name = "NAME", default_value = "kappa")]
    contestant: String,
}

impl Arguments {
    /// Does it.
    pub fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        if !(self.speed > 0.0 && self.speed.is_finite()) || self.regions == 0 {
            return Err(Usage::error("--speed must be a number above 0, and --regions at least 1"));
        }
        let stage = self.ground.open("sensors", Codec::Bin, world)?;
        anyhow::ensure!(
            stage.log.heads()?.total() == 0,
            "the log holds readings already: choose another --log"
        );
        let follower = stage.follow(&self.contestant)?;
        let shape = self.shape(world);
        let mut lab = Lab { arguments: &self, stage, follower, world, raised: BTreeSet::new(), copies: None };
        lab.play(&shape)?;
        lab.judge(&shape)
    }

    fn shape(&self, world: &World) -> Shape {
        let start = world.clock.millis().div_euclid(1000) * 1000;
        Shape {
            seed: self.seed,
            events: self.seconds * u64::from(self.regions),
            rate: f64::from(self.regions),
            keys: self.regions,
            cancellations: 0.0,
            corrections: 0.0,
            start,
            first_sequence: 0,
        }
    }
}

struct Lab<'a> {
    arguments: &'a Arguments,
    stage: Stage,
    follower: Follower,
    world: &'a World,
    /// Alerts that were told of.
    raised: BTreeSet<String>,
    /// Leaders and copies as they were last shown, and when that was looked at.
    copies: Option<(String, i64)>,
}

impl Lab<'_> {
    /// Sends every reading when it is due, and shows what follows from it.
    fn play(&mut self, shape: &Shape) -> anyhow::Result<()> {
        let sensors = workload("sensors").context("there are no sensors")?;
        let mut readings = (sensors.generate)(shape).peekable();
        let (began, mut fault) = (self.world.clock.micros(), self.arguments.fault.clone());
        self.leaders()?;
        while readings.peek().is_some() {
            self.world.stop.check()?;
            let since = self.world.clock.micros() - began;
            let due = (since as f64 * self.arguments.speed) as i64;
            let second = due.div_euclid(1_000_000) as u64;
            if self.arguments.fault_at.is_some_and(|at| second >= at)
                && let Some(command) = fault.take()
            {
                self.fault(&command)?;
            }
            let taken = taken(&mut readings, due);
            if taken.is_empty() {
                std::thread::sleep(TURN);
            } else {
                self.stage.append(&taken, self.world.clock.millis())?;
                self.follow()?;
            }
            self.leaders()?;
        }
        self.follow()
    }

    fn follow(&mut self) -> anyhow::Result<()> {
        let heads = self.stage.log.heads()?;
        self.follower.reach(&heads, self.world)?;
        let rows = self.follower.rows("alerts")?;
        for (key, row) in &rows {
            if self.raised.insert(key.clone()) {
                self.alert(key, row)?;
            }
        }
        Ok(())
    }

    fn alert(&self, key: &str, row: &Row) -> anyhow::Result<()> {
        let (region, second) = Unit::Second.parse_key(key).context("an alert without a second")?;
        let lang = self.world.lang;
        let average = average(row, lang);
        let second = Unit::Second.print(second);
        let fields = context! { second => &second, region, average => &average };
        print::text(&lang.say("labs.sensors-alert", fields))?;
        if let Some(command) = &self.arguments.on_alert {
            let mut shell = shell(command);
            // Programs read the same in every language.
            let average = self::average(row, Lang::En);
            shell.env("WB_REGION", region).env("WB_SECOND", second).env("WB_AVERAGE", average);
            let ended = shell.status().with_context(|| format!("running {command}"))?;
            anyhow::ensure!(ended.success(), "{command}: {ended}; correct --on-alert");
        }
        Ok(())
    }

    fn fault(&self, command: &str) -> anyhow::Result<()> {
        let command = command.replace("{leader}", &self.leader()?);
        let fields = context! { now => self.now(), command => &command };
        print::text(&self.world.lang.say("labs.sensors-fault", fields))?;
        let ended = shell(&command).status().with_context(|| format!("running {command}"))?;
        anyhow::ensure!(ended.success(), "{command}: {ended}; correct --fault");
        Ok(())
    }

    /// The time of day, which the readings' own times run ahead of.
    fn now(&self) -> String {
        let time = Unit::Second.print(Unit::Second.of(self.world.clock.millis()));
        self.world.lang.say("labs.sensors-clock", context! { time })
    }

    #[cfg(feature = "kafka")]
    fn leader(&self) -> anyhow::Result<String> {
        let Some(reached) = &self.stage.reached else { return Ok(String::new()) };
        let rows = super::super::kafka::topic::described(reached)?;
        match rows.first().map(|row| &row[1]) {
            Some(Value::Text(leader)) => Ok(leader.clone()),
            _ => Ok(String::new()),
        }
    }

    /// Shows who leads and who is in step, when that has changed.
    #[cfg(feature = "kafka")]
    fn leaders(&mut self) -> anyhow::Result<()> {
        let Some(reached) = &self.stage.reached else { return Ok(()) };
        let now = self.world.clock.micros();
        if self.copies.as_ref().is_some_and(|(_, looked)| now - looked < LOOK_US) {
            return Ok(());
        }
        let part = |row: &Vec<Value>| match &row[..] {
            [Value::Integer(partition), Value::Text(leader), _, Value::Text(in_step)] => {
                let fields = context! { partition => *partition, leader, in_step };
                self.world.lang.say("labs.sensors-partition", fields)
            }
            _ => String::new(),
        };
        let rows = super::super::kafka::topic::described(reached)?;
        let shown = rows.iter().map(part).collect::<Vec<_>>().join("; ");
        if self.copies.as_ref().is_none_or(|(before, _)| *before != shown) {
            print::text(&format!("{} {shown}", self.now()))?;
        }
        self.copies = Some((shown, now));
        Ok(())
    }

    #[cfg(not(feature = "kafka"))]
    fn leader(&self) -> anyhow::Result<String> {
        Ok(String::new())
    }

    #[cfg(not(feature = "kafka"))]
    fn leaders(&mut self) -> anyhow::Result<()> {
        self.copies = None;
        Ok(())
    }

    /// The averages, and whether everything is there and every alert was due.
    fn judge(mut self, shape: &Shape) -> anyhow::Result<ExitCode> {
        let (all, recent) = (self.follower.rows("average")?, self.follower.rows("recent")?);
        let lang = self.world.lang;
        let row = |(region, row): (&String, &Row)| {
            let newest = recent.get(region).map(|row| average(row, lang)).unwrap_or_default();
            vec![Value::from(region.as_str()), average(row, lang).into(), newest.into()]
        };
        let rows: Vec<_> = all.iter().map(row).collect();
        print::table(lang, &["labs.sensors-region", "labs.sensors-average", "labs.sensors-recent"], &rows)?;
        let read: i128 = all.values().map(|row| row[1]).sum();
        let listed: BTreeSet<String> =
            alerts(shape).iter().map(|(region, second)| Unit::Second.key(region, *second)).collect();
        let standing: BTreeSet<String> = self.follower.rows("alerts")?.into_keys().collect();
        let exact = standing == listed && self.raised == listed;
        print::text(&lang.say("labs.sensors-counted", context! { sent => shape.events, read }))?;
        let due = lang.say("labs.sensors-due", context! { due => listed.len(), raised => self.raised.len() });
        print::text(&format!("{due} {}", lang.text(verdict(exact))))?;
        let right = exact && read == i128::from(shape.events);
        Ok(if right { ExitCode::SUCCESS } else { code::wrong() })
    }
}

fn verdict(exact: bool) -> &'static str {
    if exact { "labs.sensors-exact" } else { "labs.sensors-inexact" }
}

/// The readings that are due by now.
fn taken(readings: &mut Peekable<Box<dyn Iterator<Item = Draft> + Send>>, due: i64) -> Vec<Draft> {
    std::iter::from_fn(|| readings.next_if(|reading| reading.intended <= due)).collect()
}

/// A sum over a count, for reading.
fn average(row: &Row, lang: Lang) -> String {
    match row[..] {
        [sum, count] if count > 0 => lang.number(sum as f64 / count as f64, 1),
        _ => lang.text("labs.sensors-none"),
    }
}

fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command);
    shell
}
