//! Measures: numbers from what a run left on disk, one a row, and the series that figures are drawn from.
//!
//! # `measurements.csv`
//!
//! `run,plan,workload,faults,contestant,repeat,measure,unit,value`. `repeat` is 0 for what concerns all repeats
//! together (merged histograms, never means of percentiles). Names are dotted; `<kind>` is a kind of read (`uniform`,
//! `recent`, `total`, `pair`, `whole`, `final`), `<class>` a class (`current`, `stale`, `undecidable`, `mislabelled`,
//! `impossible`, `from-the-future`, `error`), `<stop>` one of `speed`, `batch`, `right`.
//!
//! | measure | unit | meaning |
//! |---|---|---|
//! | `reads.<kind>` | reads | number of reads judged |
//! | `share.<kind>.<class>` | share | of the time in that class; reads are Poisson, so the share of the reads |
//! | `share0.<kind>.current` | share | the same for e = 0 |
//! | `wrong.<kind>` | reads | mislabelled, impossible, from the future or error |
//! | `wrong-bound.<kind>` | share | 3/n where `wrong` is 0 |
//! | `worst-class` | class | number of the worst class, in the order above from 0 |
//! | `signature` | signature | number of its signature, in the order of `judge::Signature` from 0 |
//! | `staleness.<kind>.p50/p99/max` | us | staleness by claimed version |
//! | `staleness-value.<kind>.p50/p99/max` | us | staleness by value: the newest version of which the answer is true |
//! | `staleness-events.<kind>.p50/p99/max` | events | acknowledged events that the claimed version leaves out |
//! | `wrong-key-seconds`, `key-seconds` | key s | rows wrong in whole views, over all rows, integrated |
//! | `error-over.<kind>`, `error-under.<kind>` | units | largest signed error in the first column, upwards and downwards |
//! | `error-integral` | units s | of the absolute error of totals |
//! | `episodes.n/p50/p99/max` | n, us | stretches of wrong reads of one kind |
//! | `decreases` | n | steps down of a total that was read, where the truth did not step down |
//! | `publications` | n | batch publications in the live part |
//! | `jump.max` | units | largest change of a total's error across a publication |
//! | `recovery.max` | us | longest time from a pause or kill of a component until reads were current again |
//! | `regressed` | n | claims below one that an earlier answer had shown |
//! | `announced-broken` | n | reads below a version that had been announced before they were sent |
//! | `known-final.<kind>` | share | answers that can be proved final: labelled, and true at the label |
//! | `known-final-batch.<kind>` | share | of all, those that the newest publication alone says too; of contestants with a batch |
//! | `held-back.<kind>` | reads | right answers labelled older than a version announced before: a key out of the batch's reach |
//! | `held-back.<kind>.max` | events | of the announced version, left out by such an answer |
//! | `invariants.checked`, `invariants.broken` | n | pairs read in one request that must agree |
//! | `level.eventual/prefix/labelled-prefix/monotonic/mutual` | score | 1 held, 0 broken, -1 unknown (nothing tested it) |
//! | `vacuous` | flag | 1 when the run tested nothing: no live read, a batch contestant without publication, or a planned fault that did not happen |
//! | `faults.planned`, `faults.fired` | n | kinds of faults and deeds that the plan has for this contestant, and those of them that happened |
//! | `standstill.acknowledged/visible` | us | longest time around what the plan did in which no event was acknowledged, and no new version could be read |
//! | `events.acknowledged/logged/twice/lost` | events | sent live and acknowledged; in the log; there more than once; acknowledged and not there: where the plan did something, and the source has no faults |
//! | `final.rows`, `final.wrong` | rows | rows of the final answers, and those that are not the truth of the log |
//! | `accuracy.<dedup>.rows`, `accuracy.<dedup>.error` | rows, units | rows that differ from O*, and the absolute error, for each `dedup` setting of the truth (those that need the whole log anew in repeat 1 only); `accuracy.own.*` for the contestant's final answers |
//! | `latency.<stop>.p50/p90/p99/p99.9/max` | us | since the intended time; p99.9 from 10,000 events on |
//! | `latency.<stop>.n/censored/negative` | events | seen; never seen; seen before they were due |
//! | `latency.<stop>.within` | share | of all due events within the objective |
//! | `latency.<stop>.resolution` | us | of `right` only: median gap between the reads it comes from |
//! | `uncorrected.<stop>.p50/..` | us | since the time they were handed to the log |
//! | `read.p50/p90/p99/max/n` | us | round trip of reads since their intended time; `read.sent.*` since they were sent |
//! | `cpu.*`, `memory.*`, `bytes.*`, `amplification.*`, `count.*` | | see [`cost`]; `count.stores`, `count.tunables` [`duplication`] |
//! | `code.*` | | see [`duplication`]; repeat 0 |
//! | `dead-letters` | records | set aside because they could not be decoded |
//! | `noise.pressure/canary-p99/canary-max/generator-p99/generator-max` | share, us | how quiet the machine was |
//!
//! # `measures/`: series behind the figures, plain CSV
//!
//! | file | columns |
//! |---|---|
//! | `lanes.csv` | `workload,contestant,repeat,kind,from_us,until_us,class,reads`: reads of each class in bins of 20 ms |
//! | `staleness.csv` | `workload,contestant,repeat,read,kind,at_us,class,behind_us,value_behind_us,behind_events`: one live read a row |
//! | `blocks.csv` | `workload,contestant,repeat,what,from_us,until_us,detail`: batches, publications, pauses, kills, commands, faults |
//! | `standstills.csv` | `workload,contestant,repeat,what,detail,from_us,until_us,acknowledged_us,visible_us`: what the plan did, and the longest time around it without an acknowledged event and without a new version |
//! | `handovers.csv` | `workload,contestant,repeat,at_us,version,jump`: publications, and how the error of the total changed across them |
//! | `latency-ccdf.csv` | `workload,faults,contestant,repeat,stop,corrected,latency_us,share_above,n,censored`: `repeat` 0 merges all; `corrected` is true or false |
//! | `latency-time.csv` | `workload,faults,contestant,repeat,stop,at_us,p50_us,p99_us,max_us,n`: by intended time in bins of 20 ms |
//! | `episodes.csv` | `workload,contestant,repeat,kind,class,from_us,until_us,reads`: stretches of wrong reads |
//! | `witnesses.csv` | `witness,workload,contestant,repeat,which,read,at_us,view,key,claimed,class,signature,served,truth,prefix,command`: `which` is first, worst or last; values are `a;b;..` by column, `-` for no row; `prefix` the shortest log prefix after which the answer could no longer be right |

use serde::{Deserialize, Serialize};

pub mod accuracy;
pub mod consistency;
pub mod cost;
pub mod duplication;
mod fired;
mod folder;
mod judging;
pub mod latency;
mod series;
mod standstills;

pub use fired::fired;
pub use folder::{Measured, folders, measure};

use cost::Number;

fn number(measure: impl Into<String>, unit: &'static str, value: f64) -> Number {
    Number { measure: measure.into(), unit, value }
}

/// One number, with everything needed to understand it: a row of `measurements.csv`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Name of the run folder.
    pub run: String,
    /// Name of the plan.
    pub plan: String,
    /// Name of the workload.
    pub workload: String,
    /// The faults, as `name=share,..`; empty without.
    pub faults: String,
    /// Name of the contestant.
    pub contestant: String,
    /// From 1; 0 for all repeats together.
    pub repeat: u32,
    /// What was measured; the table above lists it.
    pub measure: String,
    /// In what.
    pub unit: String,
    /// The number.
    pub value: f64,
}
