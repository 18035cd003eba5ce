//! `wb lab trades`: trades from a feed into topics, an archive with a batch once a day, and a table of last prices.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use workloads::{Event, Millis};

use super::super::progress::Progress;
use super::super::{Usage, World, print};
use super::stage::Ground;
use crate::driver::Interrupted;
use crate::feed::{Client, FeedAddress, Limits, Rules, Simulator, Token, TokenSource, Wanted};
use crate::feed::{Faults, Pace, SYMBOLS};
use crate::lang::context;

mod figures;
mod folder;
mod ingest;
mod layers;
mod listen;
mod moment;
mod play;
mod shown;
mod topics;
mod verdict;

use ingest::Ingest;
use layers::Layers;
use listen::Listener;
use moment::Moment;
use play::Lab;
use shown::{Shown, Store};
use topics::{Topics, Written};

/// Where the feed's token is looked for if no place is named.
const TOKEN: &str = "WB_FEED_TOKEN";
/// How long the real feed is followed if nothing is said about it, in minutes.
const MINUTES: f64 = 5.0;

/// Which feed, how much of it, and where it goes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wb lab trades
  scripts/postgres up && wb lab trades --drop-every 100 --malformed 0.01
  wb lab trades --topics two --lose-every 50
  wb lab trades --log kafka://127.0.0.1:9092/trades
  FINNHUB_TOKEN=.. wb lab trades --url wss://ws.finnhub.io --token env:FINNHUB_TOKEN --minutes 10

Without --url the feed is simulated, over a real socket. The batch's views are Parquet files in the folder, the last \
prices the table speed_table; docs/trades.md has queries over both. Exit code 3 if an answer is not the truth.")]
pub struct Arguments {
    #[command(flatten)]
    ground: Ground,
    /// The feed: ws://HOST:PORT, or wss://HOST in a build with the feature feed-tls; a simulated one if absent
    #[arg(long, value_name = "ADDRESS")]
    url: Option<String>,
    /// Where the feed's token stands: env:NAME or file:PATH; env:WB_FEED_TOKEN if that is set
    #[arg(long, value_name = "PLACE", requires = "url")]
    token: Option<String>,
    /// Whose trades are wanted; those of the document if absent
    #[arg(long, value_name = "SYMBOL,..", value_delimiter = ',')]
    symbols: Vec<String>,
    /// End after so many frames; 600 of a simulated feed
    #[arg(long, value_name = "N")]
    frames: Option<u64>,
    /// End after so many minutes; 5 of a real feed
    #[arg(long, value_name = "N")]
    minutes: Option<f64>,
    #[command(flatten)]
    pace: Pace,
    #[command(flatten)]
    faults: Faults,
    /// One topic that everybody reads, or two, of which each layer reads its own, as the document has it
    #[arg(long, value_enum, default_value_t)]
    topics: Topics,
    /// With two topics every so manieth write to the second is lost, as without a transaction it may be; 0 none
    #[arg(long, value_name = "WRITES", default_value_t = 0)]
    lose_every: u64,
    /// Where speed_table is
    #[arg(long, value_enum, default_value_t)]
    store: Store,
    /// Which database that is, as PostgreSQL's clients write it, or which file; what scripts/postgres starts if absent
    #[arg(long, value_name = "ADDRESS", default_value = "", hide_default_value = true)]
    store_address: String,
    /// Folder for the archive, the batch's views and what could not be read; what an earlier run left there is replaced
    #[arg(long, value_name = "DIR", default_value = "lab-trades")]
    out: PathBuf,
}

impl Arguments {
    /// Does it.
    pub fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        self.check()?;
        let frames = match (self.frames, self.minutes, &self.url) {
            (None, None, None) => Some(600),
            (frames, ..) => frames,
        };
        let minutes = self.minutes.or(if frames.is_none() { Some(MINUTES) } else { None });
        let span =
            minutes.map_or_else(|| frames.unwrap_or(0) as f64 / self.pace.rate, |minutes| minutes * 60.0);
        let start = self.pace.start(world.clock.millis(), span);
        // It plays until the lab ends.
        let simulated = self.simulate(start, world)?;
        let client = self.connect(simulated.as_ref(), world)?;
        let log = self.ground.log.as_ref().map(ToString::to_string);
        folder::ready(&self.out, log.as_deref())?;
        let mut lab = self.set_up(start, world)?;
        let listener = Listener::start(client, frames, &world.stop)?;
        let until = minutes.map(|minutes| world.clock.micros() + (minutes * 60e6) as i64);
        let played = lab.play(&listener, until);
        if world.stop.wanted() {
            // Whatever was under way, what was heard is written.
            lab.play(&listener, None)?;
            lab.interrupted()?;
            return Err(Interrupted.into());
        }
        played.and_then(|()| lab.end())
    }

    fn check(&self) -> anyhow::Result<()> {
        self.faults.check().and_then(|()| self.pace.check()).map_err(Usage::error)?;
        if self.frames == Some(0) || self.minutes.is_some_and(|minutes| !(minutes > 0.0 && minutes < 1e6)) {
            return Err(Usage::error("--frames must be at least 1, and --minutes a number above 0"));
        }
        if self.lose_every > 0 && self.topics == Topics::One {
            return Err(Usage::error(
                "--lose-every: one topic is written once, so nothing can be lost between two; add --topics two",
            ));
        }
        if self.symbols.iter().any(String::is_empty) {
            return Err(Usage::error("--symbols: a symbol is some text, such as AAPL,MSFT"));
        }
        Ok(())
    }

    fn symbols(&self) -> Vec<String> {
        match self.symbols.is_empty() {
            true => SYMBOLS.iter().map(ToString::to_string).collect(),
            false => self.symbols.clone(),
        }
    }

    /// A feed of its own, unless there is another.
    fn simulate(&self, start: Millis, world: &World) -> anyhow::Result<Option<(Simulator, Token)>> {
        if self.url.is_some() {
            return Ok(None);
        }
        let listener = TcpListener::bind("127.0.0.1:0").context("listening for the simulated feed")?;
        let token = Token::new(&format!("lab-{:x}", world.clock.now().micros)).map_err(anyhow::Error::msg)?;
        let symbols = SYMBOLS.iter().map(ToString::to_string).collect();
        let rules = Rules { token: Some(token.clone()), symbols };
        let script = self.pace.script(start, &self.faults);
        let simulator = Simulator::start(listener, rules, script, world.clock);
        Ok(Some((simulator.context("starting the simulated feed")?, token)))
    }

    fn connect(&self, simulated: Option<&(Simulator, Token)>, world: &World) -> anyhow::Result<Client> {
        // Neither is read by clap, which shows what it cannot read, and there may be a secret in it.
        let parse = |text: &str| text.parse::<FeedAddress>().map_err(Usage::error);
        let (address, token) = match simulated {
            Some((simulator, token)) => {
                (parse(&format!("ws://{}", simulator.address()))?, Some(token.clone()))
            }
            None => (parse(self.url.as_deref().unwrap_or_default())?, self.own_token(world)?),
        };
        let wanted = Wanted { address, token, symbols: self.symbols() };
        let symbols = wanted.symbols.join(", ");
        let at = wanted.address.to_string();
        let client = Client::open(wanted, Limits::default(), world.clock, self.pace.seed)?;
        let key = if simulated.is_some() { "trades.connected-simulated" } else { "trades.connected" };
        print::text(&world.lang.say(key, context! { at, symbols }))?;
        Ok(client)
    }

    fn own_token(&self, world: &World) -> anyhow::Result<Option<Token>> {
        let source = match &self.token {
            Some(place) => place.parse().map_err(Usage::error)?,
            None if (world.environment)(TOKEN).is_some() => TokenSource::Variable(TOKEN.to_owned()),
            None => return Ok(None),
        };
        source.fetch(world.environment).map(Some).map_err(Usage::error)
    }

    fn set_up<'a>(&self, start: Millis, world: &'a World) -> anyhow::Result<Lab<'a>> {
        let written = Written::open(&self.ground, self.topics, (&self.out, self.lose_every), world)?;
        let (mut shown, instead) = Shown::open(self.store, &self.store_address, &self.out)?;
        if let Some(error) = instead {
            let said = error.to_string();
            let file = shown.address().unwrap_or_default();
            print::text(&world.lang.say("trades.no-postgres", context! { said, file }))?;
        }
        let mut newest = None;
        verdict::each(&*written.speed.log, &mut |record| {
            if let Event::Trade(trade) = &record.event {
                shown.note(trade);
                newest = newest.max(Some(trade.time));
            }
        })?;
        let speed = if self.url.is_some() { 1.0 } else { self.pace.accelerate };
        let began = if self.url.is_some() { world.clock.millis() } else { start };
        let moment = Moment::new(newest, (world.clock.micros(), began), speed);
        let layers = Layers::start(&written, &self.out, moment)?;
        let ingest = Ingest::new(written, self.out.join("rejects.jsonl"), world.clock.now().micros);
        Ok(Lab { ingest, layers, shown, world, progress: Progress::start(), down: false })
    }
}
