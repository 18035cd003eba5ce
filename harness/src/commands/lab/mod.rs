//! `wb lab`: the systems of the course's documents, step by step on their real parts.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::World;
use super::print;
use crate::lang::{Lang, context};

pub mod archive;
mod follower;
#[cfg(feature = "kafka")]
pub mod groups;
mod lines;
pub mod orders;
mod parts;
pub mod sensors;
mod stage;
pub mod trades;
pub mod wordcount;

/// Which lab; all are listed when absent.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  wb lab\n  wb lab orders --lang fr\n  wb lab groups --bootstrap 127.0.0.1:9092"
)]
pub struct Arguments {
    #[command(subcommand)]
    lab: Option<Lab>,
    /// The language of what is shown; as LC_ALL or LANG have it if absent
    #[arg(long, value_enum, global = true)]
    lang: Option<Lang>,
}

/// The labs.
#[derive(Debug, Subcommand)]
pub enum Lab {
    /// The orders workshop: batch, speed and serving layer, every way to merge them wrongly, and the same as a Kappa.
    Orders(orders::Arguments),
    /// Trades from a feed: a table of last prices, a batch once a day, and the same as a Kappa.
    Trades(trades::Arguments),
    /// Two consumers of one group share the partitions; one leaves, the other takes over.
    #[cfg(feature = "kafka")]
    Groups(groups::Arguments),
    /// Words of typed, piped or sent text, in all and in windows of two seconds.
    Wordcount(wordcount::Arguments),
    /// Temperatures, their averages, and an alert where it is too hot; a broker may be killed on the way.
    Sensors(sensors::Arguments),
    /// One log to a stream processor and to a Parquet archive at once, then a batch that must agree.
    Archive(archive::Arguments),
}

/// Names, what is shown, and what must be there.
const LABS: &[(&str, &str, &str)] = &[
    ("orders", "labs.orders-shows", "labs.orders-needs"),
    ("trades", "labs.trades-shows", "labs.trades-needs"),
    ("groups", "labs.groups-shows", "labs.groups-needs"),
    ("wordcount", "labs.wordcount-shows", "labs.wordcount-needs"),
    ("sensors", "labs.sensors-shows", "labs.sensors-needs"),
    ("archive", "labs.archive-shows", "labs.archive-needs"),
];

impl Arguments {
    /// Does it.
    pub fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        let world = &world.speaking(self.lang);
        let Some(lab) = self.lab else { return list(world) };
        match lab {
            Lab::Orders(arguments) => arguments.run(world),
            #[cfg(feature = "kafka")]
            Lab::Groups(arguments) => arguments.run(world),
            Lab::Trades(arguments) => arguments.run(world),
            Lab::Wordcount(arguments) => arguments.run(world),
            Lab::Sensors(arguments) => arguments.run(world),
            Lab::Archive(arguments) => arguments.run(world),
        }
    }
}

/// The labs, and whether what they need is there now.
fn list(world: &World) -> anyhow::Result<ExitCode> {
    let lang = world.lang;
    print::text(&lang.text("labs.labs"))?;
    for (name, shows, needs) in LABS {
        let needs = lang.say("labs.needs", context! { what => lang.text(needs) });
        print::text(&format!("\n  {name:10} {}\n  {:10} {needs}", lang.text(shows), ""))?;
    }
    print::text(&format!("\n{}", lang.text("labs.there-now")))?;
    for line in parts::lines(world) {
        print::text(&format!("  {line}"))?;
    }
    print::text(&format!("\n{}", lang.text("labs.begin")))?;
    Ok(ExitCode::SUCCESS)
}
