//! `wb lambda switches`: the table of mistakes, by what the judge sees of them.

use std::process::ExitCode;

use clap::Args;

use super::super::print::{self, Format, Value};
use super::super::progress::Progress;
use super::super::{Usage, World};
use crate::switches::{Finding, cases};

/// Which of them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wb lambda switches
  wb lambda switches at-publish --format csv

Every line comes from a small run in one thread that is the same each time. `over` and `under` are what a read of the \
view had too much and too little in its first column, at most; `rows` are those of the view that were wrong at the end.")]
pub struct Arguments {
    /// Only those with this in their name
    switch: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Arguments {
    /// Does it.
    pub fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        let wanted = self.switch.as_deref().unwrap_or("");
        let mut chosen = cases();
        chosen.retain(|case| case.switch.contains(wanted));
        if chosen.is_empty() {
            return Err(Usage::error(format!(
                "no switch has `{wanted}` in its name: `wb list switches` names them"
            )));
        }
        let progress = Progress::start();
        let mut rows = Vec::new();
        for case in &chosen {
            world.stop.check()?;
            progress.say(&format!("{} on {}", case.switch, case.script.workload));
            let (_, verdicts) = case.run()?;
            rows.extend(case.findings(&verdicts).into_iter().map(row));
        }
        progress.end();
        print::rows(self.format, &HEADER, &rows)?;
        Ok(ExitCode::SUCCESS)
    }
}

const HEADER: [&str; 12] = [
    "switch",
    "workload",
    "view",
    "class",
    "signature",
    "reads",
    "wrong",
    "over",
    "under",
    "rows",
    "of",
    "why",
];

fn row(finding: Finding) -> Vec<Value> {
    vec![
        Value::from(finding.switch),
        finding.workload.into(),
        finding.view.into(),
        finding.class.name().into(),
        finding.signature.name().into(),
        Value::Integer(finding.reads.into()),
        Value::Integer(finding.wrong.into()),
        Value::Integer(finding.over),
        Value::Integer(finding.under),
        Value::Integer(finding.rows.0.into()),
        Value::Integer(finding.rows.1.into()),
        finding.why.into(),
    ]
}
