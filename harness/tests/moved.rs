//! A rule that is moved in one layer of the Lambda and left behind in the other: no terms make its answers right, and they
//! move when the batch publishes. Moved in the Kappa, the same rule is wrong by the old terms and right by the new.

// What stands beside the tests here unwraps as they do: a test that cannot go on has failed.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::sync::Arc;

use harness::contestants::{Component, Contestant, Part, Role, Settings, Start, find};
use harness::judge::{Bases, Class, Evidence, Verdict, Verdicts, judge};
use harness::observe::Kind;
use harness::stepped::{Script, run};
use workloads::files::{RealDisk, SharedDisk};
use workloads::{Dedup, Log, Terms};

use Wrong::{Batched, Nowhere, Recent, Throughout};

/// How a moved rule is expected to be seen.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wrong {
    /// Nowhere: the layer does not carry out this rule.
    Nowhere,
    /// As other terms would have it, from the first read to the last.
    Throughout,
    /// In what the batch covers: every publication makes the error larger.
    Batched,
    /// In what the batch does not cover yet: the error grows by and by, and publications make it smaller.
    Recent,
}

/// Runs one contestant whose parts were told different things, and looks at what the judge says of it: what is wrong, and
/// how the first of the moved views goes wrong.
fn check(parts: &'static [Part], workload: &'static str, moved: fn(&mut Terms), views: &[&str], how: Wrong) {
    let contestant: &'static Contestant = Box::leak(Box::new(Contestant {
        name: "moved",
        about: "One part was changed and the others forgotten.",
        parts,
        workloads: &[],
        broken: None,
    }));
    let state = tempfile::tempdir().unwrap();
    let disk: SharedDisk = Arc::new(RealDisk);
    let mut evidence = run(contestant, &script(workload), &disk, state.path()).unwrap();
    let verdicts = judge(&evidence, &mut Bases::default()).unwrap();
    let wrong: Vec<&Verdict> =
        verdicts.reads.iter().filter(|verdict| verdict.class > Class::Undecidable).collect();
    if how == Nowhere {
        assert!(wrong.is_empty(), "{:#?}", verdicts.witnesses.first());
        return;
    }
    let found: BTreeSet<&str> = wrong.iter().flat_map(|verdict| verdict.view.split('+')).collect();
    assert!(found.contains(views[0]), "the moved view");
    assert!(found.iter().all(|view| views.contains(view)), "{found:?}: no other view");
    // Now and then a wrong answer is what another version, even a later one, would have said.
    let count = |class: Class| wrong.iter().filter(|verdict| verdict.class == class).count();
    assert_eq!(count(Class::Error), 0, "every read was answered");
    assert!(3 * count(Class::Impossible) > wrong.len(), "much of it was never true");
    assert!(!verdicts.witnesses.is_empty(), "no witness was kept");

    moved(&mut evidence.run.terms);
    let by_new_terms = judge(&evidence, &mut Bases::default()).unwrap();
    let still = by_new_terms.reads.iter().filter(|verdict| verdict.class.wrong()).count();
    assert_eq!(still == 0, how == Throughout, "{still} reads are wrong by the moved terms too");
    let (across, between) = changes(&evidence, &verdicts, views[0]);
    match how {
        Batched => assert!(across > between.abs(), "{across}, {between}"),
        Recent => assert!(across < 0 && between > 0, "{across}, {between}"),
        Nowhere | Throughout => {}
    }
}

/// By how much the error of a whole view grew, in all: while the batch published, and at other times.
fn changes(evidence: &Evidence, verdicts: &Verdicts, view: &str) -> (i128, i128) {
    let whole = |verdict: &&Verdict| verdict.view == view && verdict.kind == Kind::Whole;
    let reads: Vec<&Verdict> = verdicts.reads.iter().filter(whole).collect();
    let (mut across, mut between) = (0, 0);
    for pair in reads.windows(2) {
        // What is published is seen some steps after it was announced.
        let span = pair[0].sent_us - evidence.run.objective_us..=pair[1].answered_us;
        let published = verdicts.publications.iter().any(|publication| span.contains(&publication.at_us));
        let grown = (pair[1].over + pair[1].under) - (pair[0].over + pair[0].under);
        *if published { &mut across } else { &mut between } += grown;
    }
    (across, between)
}

/// Enough of everything that a rule could be about.
fn script(workload: &'static str) -> Script {
    let mut script = Script::small(workload, 7);
    (script.shape.events, script.cut_every) = (9_000, 2_000);
    script.source.resend = 0.05;
    script
}

/// Starts a part of a contestant that has read other terms than the rest.
fn start(
    name: &str,
    role: Role,
    moved: fn(&mut Terms),
    (log, disk, settings): (Arc<dyn Log>, &SharedDisk, &Settings),
) -> anyhow::Result<Box<dyn Component>> {
    let mut settings = settings.clone();
    moved(&mut settings.terms);
    settings.feed.dedup = settings.terms.dedup;
    let part =
        find(name)?.parts.iter().find(|part| part.role == role).expect("the contestant has such a part");
    (part.start)(log, disk, &settings)
}

macro_rules! moved {
    ($($test:ident: $workload:literal, $change:expr, [$($view:literal),*],
        batch $batch:expr, speed $speed:expr, kappa $kappa:expr;)*) => {
        $(mod $test {
            use super::*;

            const MOVED: fn(&mut Terms) = $change;
            const SAME: fn(&mut Terms) = |_| {};
            const MOVED_BATCH: Start = |log, disk, it| start("lambda", Role::Batch, MOVED, (log, disk, it));
            const SAME_BATCH: Start = |log, disk, it| start("lambda", Role::Batch, SAME, (log, disk, it));
            const MOVED_SPEED: Start = |log, disk, it| start("lambda", Role::Serve, MOVED, (log, disk, it));
            const SAME_SPEED: Start = |log, disk, it| start("lambda", Role::Serve, SAME, (log, disk, it));
            const MOVED_KAPPA: Start = |log, disk, it| start("kappa", Role::Serve, MOVED, (log, disk, it));

            #[test]
            fn in_the_batch_only() {
                check(lambda(MOVED_BATCH, SAME_SPEED), $workload, MOVED, &[$($view),*], $batch);
            }

            #[test]
            fn in_speed_and_serving_only() {
                check(lambda(SAME_BATCH, MOVED_SPEED), $workload, MOVED, &[$($view),*], $speed);
            }

            #[test]
            fn in_both_layers() {
                check(lambda(MOVED_BATCH, MOVED_SPEED), $workload, MOVED, &[$($view),*], Throughout);
            }

            #[test]
            fn in_the_kappa() {
                check(alone(MOVED_KAPPA), $workload, MOVED, &[$($view),*], $kappa);
            }
        })*
    };
}

fn lambda(batch: Start, serving: Start) -> &'static [Part] {
    Box::leak(Box::new([
        Part { name: "batch", role: Role::Batch, start: batch },
        Part { name: "serving", role: Role::Serve, start: serving },
    ]))
}

fn alone(start: Start) -> &'static [Part] {
    Box::leak(Box::new([Part { name: "kappa", role: Role::Serve, start }]))
}

moved! {
    // O10. In the batch it decides what a record adds; so it does in the speed layer.
    large_from: "orders", |it| it.large_from = 15_000, ["large_orders"],
        batch Batched, speed Recent, kappa Throughout;
    // O9. It is carried out in one place of the Lambda too: the serving layer, after the merge.
    big_above: "orders", |it| it.big_above = 500_000, ["big_spenders"],
        batch Nowhere, speed Throughout, kappa Throughout;
    // O6.
    order_horizon: "orders", |it| it.cancel_horizon = Some(20),
        ["spend", "big_spenders", "large_orders", "revenue", "customers_per_day", "top_customers", "median_order"],
        batch Batched, speed Recent, kappa Throughout;
    // T6.
    trade_horizon: "trades", |it| it.cancel_horizon = Some(20),
        ["volume", "volume_hour", "mean", "last", "range", "vwap"],
        batch Batched, speed Recent, kappa Throughout;
    // O12.
    order_dedup: "orders", |it| it.dedup = Dedup::Offset,
        ["spend", "big_spenders", "large_orders", "revenue", "top_customers", "median_order"],
        batch Batched, speed Recent, kappa Throughout;
    // T14. The range sees it too: a correction that is repeated stands later, and may win over another.
    trade_dedup: "trades", |it| it.dedup = Dedup::Offset,
        ["volume", "volume_hour", "mean", "last", "range", "vwap"],
        batch Batched, speed Recent, kappa Throughout;
}

#[test]
fn nothing_is_noticed_where_nothing_was_moved() {
    for name in ["lambda", "kappa"] {
        for workload in ["orders", "trades"] {
            check(find(name).unwrap().parts, workload, |_| {}, &[], Nowhere);
        }
    }
}
