//! The workbench `wb`: what the same views cost when computed twice (Lambda) and once over a replayable log (Kappa).

use std::process::ExitCode;

use clap::Parser;
use harness::clock::Clock;
use harness::commands::{Cli, Command, Usage, World, code};
use harness::driver::{Interrupted, Stop};
use harness::lang::Lang;

fn main() -> ExitCode {
    let clock = Clock::start();
    let cli = Cli::parse();
    let done = match cli.command {
        // A component ends on signals by itself.
        Some(Command::Contestant(arguments)) => arguments.run(&clock, environment),
        command => world(clock).and_then(|world| command.unwrap_or_default().run(&world)),
    };
    match done {
        Ok(code) => code,
        Err(error) if error.is::<Interrupted>() => {
            eprintln!("interrupted");
            ExitCode::from(130)
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            if error.is::<Usage>() { code::usage() } else { ExitCode::FAILURE }
        }
    }
}

fn world(clock: Clock) -> anyhow::Result<World> {
    let (stop, program) = (Stop::on_signals()?, std::env::current_exe()?);
    Ok(World { stop, program, clock, environment, lang: Lang::of(environment) })
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
