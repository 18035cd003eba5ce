//! `wb feed`: a simulated feed of trades, for whoever wants to try a client of the real one.

use std::net::TcpListener;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Subcommand};

use super::{Usage, World, print};
use crate::driver::Interrupted;
use crate::feed::{Act, Due, Faults, Pace, Rules, SYMBOLS, Script, Simulator, TokenSource};

/// Between two looks at whether it is over.
const TURN: Duration = Duration::from_millis(100);

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Feed {
    /// Speaks a feed's protocol on this machine: seeded trades in frames, and what goes wrong on the way.
    Simulate(Simulate),
}

/// What is played, and to whom.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wb feed simulate --port 9000
  WB_FEED_TOKEN=secret wb feed simulate --port 9000 --token env:WB_FEED_TOKEN \\
      --drop-every 200 --malformed 0.01 --accelerate 1
  WB_FEED_TOKEN=secret wb lab trades --url ws://127.0.0.1:9000

One client at a time, on the loopback address. A client subscribes with \
{\"type\":\"subscribe\",\"symbol\":\"AAPL\"}; a wrong token is refused with status 401, an unknown symbol with \
{\"type\":\"error\",..}. It ends with Ctrl-C, or when everything was played.")]
pub struct Simulate {
    /// Port to listen on; 0 for any that is free
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,
    /// Where the token stands that clients must have: env:NAME or file:PATH; none is asked for if absent
    #[arg(long, value_name = "PLACE")]
    token: Option<String>,
    /// End after so many frames
    #[arg(long, value_name = "N")]
    frames: Option<usize>,
    #[command(flatten)]
    pace: Pace,
    #[command(flatten)]
    faults: Faults,
}

impl Feed {
    /// Does it.
    pub fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        match self {
            Feed::Simulate(arguments) => arguments.run(world),
        }
    }
}

impl Simulate {
    fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        self.faults.check().and_then(|()| self.pace.check()).map_err(Usage::error)?;
        let place = self.token.as_deref().map(str::parse::<TokenSource>).transpose().map_err(Usage::error)?;
        let token = place.map(|place| place.fetch(world.environment)).transpose().map_err(Usage::error)?;
        let symbols = SYMBOLS.iter().map(ToString::to_string).collect();
        let listener = TcpListener::bind(("127.0.0.1", self.port)).with_context(|| {
            format!("listening on port {} of 127.0.0.1; choose another --port", self.port)
        })?;
        let simulator = Simulator::start(listener, Rules { token, symbols }, self.script(world), world.clock)
            .context("starting the simulated feed")?;
        print::text(&format!("listening at ws://{}", simulator.address()))?;
        while !simulator.told().over {
            if world.stop.wanted() {
                told(&simulator);
                return Err(Interrupted.into());
            }
            std::thread::sleep(TURN);
        }
        told(&simulator);
        Ok(ExitCode::SUCCESS)
    }

    fn script(&self, world: &World) -> Script {
        let seconds = self.frames.map_or(0.0, |frames| frames as f64 / self.pace.rate);
        let script = self.pace.script(self.pace.start(world.clock.millis(), seconds), &self.faults);
        let Some(mut left) = self.frames else { return script };
        Box::new(script.take_while(move |Due { act, .. }| {
            let frame = matches!(act, Act::Trades(_));
            let enough = frame && left == 0;
            left -= usize::from(frame && !enough);
            !enough
        }))
    }
}

fn told(simulator: &Simulator) {
    let told = simulator.told();
    eprintln!(
        "{} frames with {} trades sent over {} connections; {} broken, {} refused",
        told.frames, told.trades, told.connections, told.drops, told.refused
    );
}
