//! What goes wrong in a Lambda that a student writes: faults found in the wild, each a switch of its own. What is wrong
//! lies here, apart from what is right; the layers ask it at a few points, and are told nothing where no switch is on.
//!
//! * [`ingest`]: between the log and the archive. [`history`]: what the batch believes to have happened.
//! * [`overwrite`]: where the batch view lies. [`stream`]: what the speed layer hears.
//! * [`answers`]: what the serving layer makes of the two halves. [`merge`]: the merges that are wrong for a view.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::options::argument;

pub(crate) mod answers;
pub(crate) mod history;
pub(crate) mod ingest;
pub(crate) mod merge;
pub(crate) mod overwrite;
pub(crate) mod stream;

pub use merge::WrongMerge;

/// One thing that a student gets wrong. As text: its name, and in parentheses its argument.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Fault {
    /// The ingest's temporary table is never cleared: each flush inserts all of it again.
    DupAccumulate,
    /// The producer writes to two topics without a transaction: this share of the records is lost on either way.
    DualWriteLoss(f64),
    /// The log keeps this many records when the batch comes to read it.
    Retention(u64),
    /// The ingest stops after this many records of each interval.
    StopAfter(u64),
    /// Every flush whose number this divides fails, and is dropped.
    SwallowErrors(u64),
    /// The batch groups symbols by what stands before the colon.
    GroupByExchange,
    /// To the batch, a symbol without a colon is the text `None`.
    NoneAsString,
    /// The batch rounds times to the second before it takes day and hour.
    RoundToSecond,
    /// The batch takes days and hours so many minutes east of Greenwich.
    LocalTimeZone(i64),
    /// Changes of a price are taken from another symbol's price.
    WrongGuard,
    /// The percentage of a change has the wrong sign.
    InvertedSign,
    /// The speed layer updates rows and inserts none: it knows the keys that it found at its start.
    UpdateOnly,
    /// The speed layer's state lives in its process only, and is not read again after a restart.
    LostState,
    /// The batch view is overwritten where it is read, file by file.
    InPlaceOverwrite,
    /// The merge walks the batch's keys.
    LeftJoinMerge,
    /// Two finished answers of a view are made one, as if no more were needed.
    Merge(WrongMerge),
}

/// A fault by name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Switch {
    /// Its name.
    pub name: &'static str,
    /// What it does, and what it changes in an answer.
    pub about: &'static str,
    /// Workloads on which it shows; all when empty.
    pub workloads: &'static [&'static str],
    /// The fault with its usual argument.
    pub fault: Fault,
}

const fn switch(fault: Fault, name: &'static str, about: &'static str) -> Switch {
    Switch { name, about, workloads: &[], fault }
}

const fn merge(wrong: WrongMerge, name: &'static str, about: &'static str) -> Switch {
    let workloads: &[&str] = match wrong {
        WrongMerge::Distinct | WrongMerge::Top | WrongMerge::Median | WrongMerge::Having => &["orders"],
        WrongMerge::Extreme | WrongMerge::Last | WrongMerge::Mean => &["trades"],
    };
    Switch { name, about, workloads, fault: Fault::Merge(wrong) }
}

const fn trades(fault: Fault, name: &'static str, about: &'static str) -> Switch {
    Switch { name, about, workloads: &["trades"], fault }
}

/// Every fault.
pub static SWITCHES: &[Switch] = &[
    switch(
        Fault::DupAccumulate,
        "dup-accumulate",
        "the ingest's temporary table is never cleared: sums grow with each flush, least and largest stay right",
    ),
    switch(
        Fault::DualWriteLoss(0.02),
        "dual-write-loss",
        "two topics are written without a transaction: this share is lost on either way, for ever or until the next batch",
    ),
    switch(
        Fault::Retention(300),
        "retention",
        "the log keeps so many records: the batch covers these of each interval, and no others",
    ),
    switch(
        Fault::StopAfter(300),
        "stop-after",
        "the ingest stops after so many records: the batch misses the rest of each interval",
    ),
    switch(
        Fault::SwallowErrors(3),
        "swallow-errors",
        "flushes whose number it divides fail and are dropped: their whole intervals are missing from then on",
    ),
    trades(
        Fault::GroupByExchange,
        "group-by-exchange",
        "the batch groups by what stands before the colon: coins are summed together under their exchange",
    ),
    trades(
        Fault::NoneAsString,
        "none-as-string",
        "a missing pair becomes the text None: to the batch all shares are one symbol",
    ),
    trades(
        Fault::RoundToSecond,
        "round-to-second",
        "the batch rounds times to the second: trades of the last half second move to the next day or hour",
    ),
    trades(
        Fault::LocalTimeZone(60),
        "local-time-zone",
        "the batch takes days so many minutes east of Greenwich: trades move over the edge of the day",
    ),
    trades(
        Fault::WrongGuard,
        "wrong-guard",
        "whether a price changed is asked of another symbol's price: changes are from the wrong price",
    ),
    trades(
        Fault::InvertedSign,
        "inverted-sign",
        "the percentage is of previous less current: a rise shows as a fall",
    ),
    switch(
        Fault::UpdateOnly,
        "update-only",
        "the speed layer updates and never inserts: a key that it did not find at its start stays as the batch has it",
    ),
    switch(
        Fault::LostState,
        "lost-state",
        "the speed layer's state lives in its process: after a restart it is gone until the next batch, and a change is 0",
    ),
    switch(
        Fault::InPlaceOverwrite,
        "in-place-overwrite",
        "the batch view is overwritten where it is read: reads meanwhile find it empty or torn",
    ),
    switch(
        Fault::LeftJoinMerge,
        "left-join-merge",
        "the merge walks the batch's keys: keys that only the speed layer has are missing",
    ),
    merge(
        WrongMerge::Distinct,
        "merge-distinct",
        "two counts of customers are added: whoever orders on both sides of the cut counts twice",
    ),
    merge(
        WrongMerge::Top,
        "merge-top",
        "two lists of ten are joined: whoever stands in one of them only, or eleventh in both, is too low or missing",
    ),
    merge(
        WrongMerge::Median,
        "merge-median",
        "two medians are weighed by their counts: that is no amount in the middle of anything",
    ),
    merge(
        WrongMerge::Having,
        "merge-having",
        "each half is filtered before they are added: a total that only both together reach is missing",
    ),
    merge(
        WrongMerge::Extreme,
        "merge-extreme",
        "the better of two extremes: what was taken back of the batch's stands until the next one",
    ),
    merge(
        WrongMerge::Last,
        "merge-last",
        "the speed layer's last if it has one: its change is 0 until the price changes twice, and late trades win",
    ),
    merge(
        WrongMerge::Mean,
        "merge-mean",
        "two means are averaged: each half counts the same, however few its trades",
    ),
];

impl Fault {
    /// Its switch.
    pub fn switch(&self) -> &'static Switch {
        let same = |switch: &&Switch| match (&switch.fault, self) {
            (Fault::Merge(one), Fault::Merge(other)) => one == other,
            (one, other) => std::mem::discriminant(one) == std::mem::discriminant(other),
        };
        SWITCHES.iter().find(same).expect("every fault has a switch")
    }

    /// Whether it can be meant for a workload.
    pub(crate) fn check(&self, workload: &str) -> Result<(), String> {
        let Switch { name, workloads, .. } = self.switch();
        if workloads.is_empty() || workloads.contains(&workload) {
            return Ok(());
        }
        Err(format!("student fault {name}: it shows on {} only, not on {workload}", workloads.join(", ")))
    }

    /// The same with another argument.
    fn with(self, argument: &str) -> Option<Fault> {
        let share = |share: &f64| (0.0..=1.0).contains(share);
        let some = |number: &u64| *number > 0;
        Some(match self {
            Fault::DualWriteLoss(_) => Fault::DualWriteLoss(argument.parse().ok().filter(share)?),
            Fault::Retention(_) => Fault::Retention(argument.parse().ok()?),
            Fault::StopAfter(_) => Fault::StopAfter(argument.parse().ok()?),
            Fault::SwallowErrors(_) => Fault::SwallowErrors(argument.parse().ok().filter(some)?),
            Fault::LocalTimeZone(_) => Fault::LocalTimeZone(argument.parse().ok()?),
            _ => return None,
        })
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, argument) = argument(text);
        let names = || SWITCHES.iter().map(|switch| switch.name).collect::<Vec<_>>().join(", ");
        let known = SWITCHES.iter().find(|switch| switch.name == name);
        let usual = known.ok_or_else(|| format!("no student fault `{text}`: there are {}", names()))?.fault;
        match argument {
            None => Ok(usual),
            Some(argument) => usual
                .with(argument)
                .ok_or_else(|| format!("student fault {name}: it cannot take `{argument}`")),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.switch().name;
        match self {
            Fault::DualWriteLoss(share) => write!(f, "{name}({share})"),
            Fault::Retention(records) | Fault::StopAfter(records) | Fault::SwallowErrors(records) => {
                write!(f, "{name}({records})")
            }
            Fault::LocalTimeZone(minutes) => write!(f, "{name}({minutes})"),
            _ => f.write_str(name),
        }
    }
}

impl TryFrom<String> for Fault {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Fault> for String {
    fn from(fault: Fault) -> Self {
        fault.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_read_as_it_is_written() {
        for switch in SWITCHES {
            let text = switch.fault.to_string();
            assert_eq!(text.parse(), Ok(switch.fault), "{text}");
            assert_eq!(switch.name.parse(), Ok(switch.fault));
        }
        assert_eq!("retention(7)".parse(), Ok(Fault::Retention(7)));
        for (text, says) in [("mistake", "there are dup"), ("retention(x)", "`x`"), ("lost-state(1)", "`1`")]
        {
            let error = text.parse::<Fault>().unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
