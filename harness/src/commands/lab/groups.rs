//! `wb lab groups`: what a consumer group is, shown with two consumers of one topic.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;
use workloads::log::kafka::rdkafka::Message;

use super::super::kafka::consume::{Member, grouped};
use super::super::kafka::produce::Sender;
use super::super::kafka::{Cluster, Fault, Reached, Watch, topic};
use super::super::print;
use super::super::{World, code};
use crate::lang::context;

const NAMES: [&str; 2] = ["labs.groups-first", "labs.groups-second"];
const PARTITIONS: i32 = 4;
/// How long each step may take.
const PATIENCE: Duration = Duration::from_secs(30);
const TURN: Duration = Duration::from_millis(20);

/// On which brokers.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  scripts/kafka up && wb lab groups

The topic that it makes is removed at the end. Exit code 3 if a record is read twice or not at all.")]
pub struct Arguments {
    /// Records sent while both are there, and again after one has left
    #[arg(long, value_name = "N", default_value_t = 12)]
    records: u64,
    #[command(flatten)]
    cluster: Cluster,
}

impl Arguments {
    /// Does it.
    pub fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        let reached = self.cluster.reach(&format!("lab-groups-{}", world.clock.millis()), world)?;
        topic::create(&reached, PARTITIONS, None, &[])?;
        let shown = Lab::new(&reached, world).and_then(|mut lab| lab.show(self.records));
        topic::delete(&reached)?;
        match shown? {
            true => Ok(ExitCode::SUCCESS),
            false => Ok(code::wrong()),
        }
    }
}

/// What each consumer holds, as its client says it.
type Holdings = Arc<Mutex<[Vec<i32>; 2]>>;

struct Lab<'a> {
    reached: &'a Reached,
    world: &'a World,
    sender: Sender,
    members: Vec<(usize, Member)>,
    holdings: Holdings,
    /// How often each number was read, and by whom last.
    seen: BTreeMap<u64, u32>,
    sent: u64,
}

impl<'a> Lab<'a> {
    fn new(reached: &'a Reached, world: &'a World) -> anyhow::Result<Self> {
        let mut config = reached.credentials.admin();
        config.set("partitioner", "murmur2_random");
        let sender = Sender::new(reached, &config)?;
        let (members, holdings) = (Vec::new(), Holdings::default());
        Ok(Lab { reached, world, sender, members, holdings, seen: BTreeMap::new(), sent: 0 })
    }

    /// The steps; whether every record was read exactly once.
    fn show(&mut self, records: u64) -> anyhow::Result<bool> {
        let topic = self.reached.address.topic();
        self.say("labs.groups-topic", context! { topic, partitions => PARTITIONS })?;
        self.join(0)?;
        self.settle("labs.groups-alone", |held| held[0].len() == PARTITIONS as usize)?;
        self.join(1)?;
        let half = PARTITIONS as usize / 2;
        self.settle("labs.groups-share", |held| held.iter().all(|own| own.len() == half))?;
        self.round(records)?;
        // It says good-bye, so that nobody waits for a time-out.
        self.members.retain(|(who, _)| *who == 0);
        self.say("labs.groups-leaves", ())?;
        self.settle("labs.groups-takes-over", |held| held[0].len() == PARTITIONS as usize)?;
        self.round(records)?;
        let once = self.sent == self.seen.len() as u64 && self.seen.values().all(|times| *times == 1);
        let twice = self.seen.values().filter(|times| **times > 1).count();
        self.say("labs.groups-sum", context! { sent => self.sent, read => self.seen.len(), twice })?;
        Ok(once)
    }

    fn join(&mut self, who: usize) -> anyhow::Result<()> {
        let holdings = Arc::clone(&self.holdings);
        let watch = Watch::of_partitions(Box::new(move |given, partitions| {
            let mut holdings = holdings.lock().unwrap_or_else(PoisonError::into_inner);
            holdings[who] = if given { partitions.to_vec() } else { Vec::new() };
        }));
        let mut config = grouped(self.reached, self.reached.address.topic());
        config.set("auto.offset.reset", "earliest").set("session.timeout.ms", "10000");
        self.members.push((who, Member::join(self.reached, &config, watch)?));
        Ok(())
    }

    /// Goes on until the partitions lie so, and says how.
    fn settle(&mut self, what: &str, enough: impl Fn(&[Vec<i32>; 2]) -> bool) -> anyhow::Result<()> {
        let began = Instant::now();
        let held = loop {
            self.turn()?;
            let held = self.holdings.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if enough(&held) {
                break held;
            }
            self.wait(began, what)?;
        };
        let lang = self.world.lang;
        let of = |(name, own): (&&str, &Vec<i32>)| {
            let partitions = own.iter().map(i32::to_string).collect::<Vec<_>>().join(",");
            let name = lang.text(name);
            (!own.is_empty()).then(|| lang.say("labs.groups-has", context! { name, partitions }))
        };
        let held = NAMES.iter().zip(&held).filter_map(of).collect::<Vec<_>>().join(", ");
        let what = lang.text(what);
        self.say("labs.groups-settled", context! { what, held })
    }

    /// Sends some more records and reads until all have come.
    fn round(&mut self, records: u64) -> anyhow::Result<()> {
        for number in self.sent..self.sent + records {
            self.sender.send(Some(&number.to_string()), &number.to_string())?;
        }
        self.sender.finish()?;
        self.sent += records;
        let began = Instant::now();
        while (self.seen.len() as u64) < self.sent {
            self.turn()?;
            self.wait(began, "labs.groups-all-read")?;
        }
        Ok(())
    }

    /// Both look once for a record.
    fn turn(&mut self) -> anyhow::Result<()> {
        for (who, member) in &self.members {
            while let Some(message) = member.next(TURN)? {
                let text =
                    |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
                let (partition, offset) = (message.partition(), message.offset());
                let (key, value) = (text(message.key()), text(message.payload()));
                let lang = self.world.lang;
                let record =
                    lang.say("labs.groups-record", context! { partition, offset, key, value => &value });
                print::text(&format!("  {:8} {record}", lang.text(NAMES[*who])))?;
                *self.seen.entry(value.parse().unwrap_or(u64::MAX)).or_default() += 1;
            }
        }
        Ok(())
    }

    fn wait(&self, began: Instant, what: &str) -> anyhow::Result<()> {
        self.world.stop.check()?;
        if began.elapsed() < PATIENCE {
            return Ok(());
        }
        let what = self.world.lang.text(what);
        Err(Fault(format!("waited {PATIENCE:?} until {what}: see the brokers' logs")).into())
    }

    fn say(&self, key: &str, fields: impl Into<minijinja::Value>) -> anyhow::Result<()> {
        print::text(&self.world.lang.say(key, fields))
    }
}
