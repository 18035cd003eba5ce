//! `wb list`: everything that has a name.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use lambda::options::{self, Protocol};
use workloads::faults::{DELIVERY_FAULTS, FAULTS};
use workloads::{View, Workload};

use super::print::{self, Format, Value};
use crate::contestants::{CONTESTANTS, ELSEWHERE};
use crate::plan::{BUILT_IN, Plan};

/// What to list.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  wb list\n  wb list contestants --format csv")]
pub struct Arguments {
    /// Only these
    what: Option<What>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Kinds of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Streams of events.
    Workloads,
    /// Questions asked of them.
    Views,
    /// Who takes part.
    Contestants,
    /// What can go wrong.
    Faults,
    /// Settings of a plan.
    Switches,
    /// Plans that come with the program.
    Plans,
}

impl Arguments {
    /// Does it.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let mut rows = Vec::new();
        for what in What::value_variants().iter().filter(|what| self.what.is_none_or(|only| only == **what)) {
            let named = names(*what)?.into_iter();
            rows.extend(named.map(|(name, about)| vec![Value::from(what.one()), name.into(), about.into()]));
        }
        print::rows(self.format, &["kind", "name", "about"], &rows)?;
        Ok(ExitCode::SUCCESS)
    }
}

impl What {
    fn one(self) -> &'static str {
        match self {
            What::Workloads => "workload",
            What::Views => "view",
            What::Contestants => "contestant",
            What::Faults => "fault",
            What::Switches => "switch",
            What::Plans => "plan",
        }
    }
}

fn names(what: What) -> anyhow::Result<Vec<(String, String)>> {
    let pair = |name: &str, about: &str| (name.to_owned(), about.to_owned());
    Ok(match what {
        What::Workloads => workloads::WORKLOADS.iter().map(|w| pair(w.name, w.about)).collect(),
        What::Views => {
            let views = workloads::WORKLOADS.iter().flat_map(|w| w.views.iter().map(move |view| (w, view)));
            let form = |workload, view| {
                let forms = kappa::views::forms(workload);
                forms.iter().find(|(name, _)| *name == view).map_or("", |(_, form)| *form)
            };
            let about = |w: &Workload, view: &View| {
                format!("{} A kappa keeps {}.", view.about, form(w.name, view.name))
            };
            views.map(|(w, view)| (format!("{} {}", w.name, view.name), about(w, view))).collect()
        }
        What::Contestants => {
            let here = CONTESTANTS.iter().map(|c| (c.name, c.about));
            here.chain(ELSEWHERE.iter().copied()).map(|(name, about)| pair(name, about)).collect()
        }
        What::Faults => {
            let all = [("source", FAULTS), ("delivery", DELIVERY_FAULTS), ("process", DEEDS)];
            let of = |(place, faults): (&str, &[(&str, &str)])| -> Vec<_> {
                faults.iter().map(|(name, about)| pair(name, &format!("{place}: {about}"))).collect()
            };
            all.into_iter().flat_map(of).collect()
        }
        What::Switches => {
            let settings = SWITCHES.iter().map(|(name, about)| pair(name, about));
            let handovers =
                Protocol::ALL.iter().map(|(name, about)| pair(&format!("lambda.handover = {name}"), about));
            let mistakes = options::SWITCHES
                .iter()
                .map(|switch| pair(&format!("lambda.student = {}", switch.fault), switch.about));
            settings.chain(handovers).chain(mistakes).collect()
        }
        What::Plans => {
            let plan =
                |(name, text): &(&str, &str)| Ok((String::from(*name), Plan::parse(text, name)?.about));
            BUILT_IN.iter().map(plan).collect::<anyhow::Result<_>>()?
        }
    })
}

/// What is done to processes.
const DEEDS: &[(&str, &str)] = &[
    ("pause", "a component stopped for a while, then let go on"),
    ("kill", "a component killed, and started again over the folder that it left"),
];

const SWITCHES: &[(&str, &str)] = &[
    ("terms.dedup", "by what a duplicate is recognised: none, offset, origin, content"),
    ("terms.cancel_horizon", "milliseconds after which nothing can be taken back"),
    ("log.codec", "how events are written: json, bin"),
    ("log.partition_by", "how they are spread: key, round-robin"),
    ("log.fsync", "when they are made durable: none, interval, batch"),
    ("settings.workers", "threads a component may use"),
    ("settings.granularity", "records a version spans at most"),
    ("settings.version_ms", "milliseconds a version spans at most"),
    ("settings.cut_ms", "milliseconds between two batch cuts"),
    ("settings.cut_every", "records between two batch cuts"),
    ("settings.spin", "whether an idle component spins or parks"),
    ("settings.pin", "whether driver and contestant get cores of their own"),
    ("settings.keep", "whether a contestant's folder is kept after its run"),
    ("lambda.keep", "publications kept, the newest included; at least 2"),
    (
        "lambda.at",
        "the time of day, UTC, at which a batch is due, such as 00:05; without it settings.cut_ms and cut_every say",
    ),
    ("lambda.retries", "how often a batch that failed is begun again before it is given up"),
    ("lambda.retry_ms", "milliseconds before the first time; each further time waits twice as long"),
    (
        "lambda.batch",
        "what a batch computes: full, incremental (what came since the last publication), shared (the speed layer's fold)",
    ),
    ("lambda.threads", "threads that a batch reads its archive with; 0 for as many as can run at once"),
    ("lambda.archive", "where the archive lies: a folder or a bucket; the usual folder if empty"),
    (
        "lambda.compact",
        "the archive's files with fewer records than this are merged; 0 leaves them as they are",
    ),
    ("lambda.approximate", "sketches that the speed layer keeps of each day in place of sets; exact without"),
    ("lambda.store", "where the speed layer's half lies: memory, sqlite, postgres"),
    ("lambda.store_address", "which file or database that is; the usual one if empty"),
    ("lambda.handover", "where the batch ends and the speed layer begins: one of those below"),
    ("lambda.student", "what lambda-student gets wrong: a list of those below"),
    ("lambda.delay_ms", "milliseconds by which the speed layer's part in a hand-over comes late"),
    (
        "lambda.skew_ms",
        "milliseconds by which the speed layer's clock is ahead, in a hand-over by event time",
    ),
    (
        "kappa.window_ms",
        "milliseconds for which an older version can still be read; 0 keeps the newest alone",
    ),
    ("kappa.window_records", "records that such a version may be behind the newest"),
    ("kappa.snapshot_ms", "milliseconds after which the next snapshot is begun; 0 begins none by time"),
    (
        "kappa.snapshot_records",
        "records after which the next snapshot is begun; 0 begins none by their number",
    ),
    (
        "kappa.views",
        "views that are computed, of those that the workload has; all of them when there are none",
    ),
    ("kappa.keep", "snapshots that are kept; at least 1"),
    (
        "kappa.forget_late_ms",
        "milliseconds that a record may lie before the newest of its partition, so that what is beyond a cancel horizon is forgotten; nothing is without",
    ),
    ("kappa.degraded", "what a kappa does worse on purpose: dirty_acts, lateness_ms, no_replay"),
    ("kappa.processes", "processes that share the work; kappa-cluster has two whatever this says"),
    (
        "kappa.stall_ms",
        "milliseconds after which it is an error that events wait and nothing advances; 0 waits for ever",
    ),
    ("kappa.replace_us", "microseconds of each turn that a replacement may take while it catches up"),
    ("kappa.replace_granularity", "records a version of a replacement spans at most while it catches up"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_of_a_plan_and_every_choice_about_a_contestant_is_listed() {
        let plan = serde_json::to_value(Plan::load("default").unwrap()).unwrap();
        for table in ["settings", "lambda", "kappa"] {
            for (name, _) in plan[table].as_object().unwrap() {
                let name = format!("{table}.{name}");
                assert!(SWITCHES.iter().any(|(listed, _)| *listed == name), "{name}: add a line to SWITCHES");
            }
        }
    }
}
