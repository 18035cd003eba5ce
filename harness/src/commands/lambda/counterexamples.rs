//! `wb lambda counterexamples`: the smallest log that shows what is wrong with each wrong merge.

use std::process::ExitCode;

use clap::Args;
use workloads::{Row, workload};

use super::super::print::{self, Format, Value};
use super::super::{Usage, World};
use crate::counterexamples::{Counterexample, all};

/// Of which merges.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wb lambda counterexamples
  wb lambda counterexamples median --format csv

Each is found by going through all logs of a small alphabet, the shorter ones first, with every cut. The bar in a log is \
its cut: what stands before it is the batch's half, the rest the speed layer's. The rows are those of the first key \
that differs; `tried` counts the logs without any difference before it.")]
pub struct Arguments {
    /// Only merges with this in their name
    merge: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Arguments {
    /// Does it.
    pub fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        let wanted = self.merge.as_deref().unwrap_or("");
        let mut rows = Vec::new();
        for found in all() {
            world.stop.check()?;
            let found = found?;
            if found.switch.contains(wanted) {
                rows.push(row(&found));
            }
        }
        if rows.is_empty() {
            return Err(Usage::error(format!(
                "no wrong merge has `{wanted}` in its name: `wb list switches`"
            )));
        }
        print::rows(self.format, &HEADER, &rows)?;
        Ok(ExitCode::SUCCESS)
    }
}

const HEADER: [&str; 9] = ["events", "cut", "tried", "switch", "view", "log", "key", "right", "wrong"];

fn row(found: &Counterexample) -> Vec<Value> {
    vec![
        Value::Integer(found.events.into()),
        Value::Integer(found.cut.into()),
        Value::Integer(found.tried.into()),
        found.switch.as_str().into(),
        found.view.into(),
        log(found).into(),
        found.key.as_str().into(),
        columns(found, found.right.as_ref()).into(),
        columns(found, found.wrong.as_ref()).into(),
    ]
}

/// What happened, with a bar at the cut.
fn log(found: &Counterexample) -> String {
    let (batched, since) = found.letters.split_at(found.batched);
    format!("{} | {}", batched.join(", "), since.join(", ")).trim().to_owned()
}

/// The columns of a row by name.
fn columns(found: &Counterexample, row: Option<&Row>) -> String {
    let Some(row) = row else { return "no row".into() };
    let view = workload(found.workload).and_then(|workload| workload.view(found.view));
    let named = view.map_or(&[][..], |view| view.columns).iter().zip(row);
    named.map(|(name, number)| format!("{name} {number}")).collect::<Vec<_>>().join(" ")
}
