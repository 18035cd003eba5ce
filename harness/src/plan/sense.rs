//! Whether a plan would test anything: what cannot happen in it is refused before it is run, by its key.

use anyhow::{anyhow, ensure};

use super::{Contest, Deed, Plan};
use crate::contestants::lambda::STUDENT;
use crate::contestants::{Contestant, Role, find};

/// An error that names the key in the way.
pub(super) fn check(plan: &Plan) -> anyhow::Result<()> {
    let (rate, seconds) = (plan.live.rate, plan.live.seconds);
    ensure!(
        rate * seconds >= 1.0,
        "live.rate {rate} for live.seconds {seconds} is less than one event: raise one of them"
    );
    let reads = &plan.reads;
    let kinds = [reads.uniform, reads.recent, reads.total, reads.pair, reads.whole, reads.past];
    ensure!(
        kinds.iter().all(|kind| *kind >= 0.0 && kind.is_finite()) && kinds.iter().any(|kind| *kind > 0.0),
        "reads: at least one kind must be above 0, and none below, or nothing is tested"
    );
    for contest in &plan.contests {
        let workload = &contest.workload;
        ensure!(!contest.contestants.is_empty(), "contest of {workload}: contestants is empty");
        ensure!(contest.repeats > 0, "contest of {workload}: repeats must be at least 1");
        let keys = plan.workloads.get(workload).map_or(0, |events| events.keys);
        ensure!(keys > 0, "workloads.{workload}.keys must be at least 1");
    }
    let contestants = contestants(plan)?;
    if plan.settings.cut_ms == 0 && plan.settings.cut_every == 0 && plan.lambda.at.is_none() {
        let batch = contestants.iter().find(|it| it.parts.iter().any(|part| part.role == Role::Batch));
        let name = batch.map_or("", |it| it.name);
        ensure!(
            batch.is_none(),
            "settings.cut_ms and settings.cut_every are both 0: {name} would begin no batch"
        );
    }
    plan.kappa.check().map_err(|reason| anyhow!("kappa: {reason}"))?;
    mistakes(plan)?;
    faults(plan, &contestants)
}

/// Whether the mistakes chosen can be made, and by somebody.
fn mistakes(plan: &Plan) -> anyhow::Result<()> {
    let student = STUDENT.name;
    let made = |contest: &&Contest| contest.contestants.iter().any(|name| name == student);
    for contest in plan.contests.iter().filter(made) {
        plan.lambda.check(&contest.workload).map_err(|reason| anyhow!("lambda: {reason}"))?;
    }
    let wrong = plan.lambda != plan.lambda.competent();
    ensure!(
        !wrong || plan.contests.iter().any(|contest| made(&contest)),
        "lambda.handover and lambda.student change what {student} does, and it is no contestant of this plan"
    );
    Ok(())
}

fn contestants(plan: &Plan) -> anyhow::Result<Vec<&'static Contestant>> {
    plan.contests.iter().flat_map(|contest| &contest.contestants).map(|name| find(name)).collect()
}

/// Whether all that is to go wrong can.
fn faults(plan: &Plan, contestants: &[&Contestant]) -> anyhow::Result<()> {
    let source = &plan.faults;
    for (name, share) in [
        ("resend", source.resend),
        ("lose", source.lose),
        ("late", source.late),
        ("reorder", source.reorder),
        ("burst", source.burst),
        ("poison", source.poison),
    ] {
        ensure!((0.0..=1.0).contains(&share), "faults.{name} is {share}: it must be from 0 to 1");
    }
    let known = |name: &str| contestants.iter().any(|it| it.parts.iter().any(|part| part.name == name));
    for delivery in &plan.delivery {
        let name = &delivery.component;
        ensure!(known(name), "delivery.component `{name}`: no contestant of this plan has it");
        for (what, share) in [("drop", delivery.faults.drop), ("redeliver", delivery.faults.redeliver)] {
            ensure!((0.0..=1.0).contains(&share), "delivery {what} is {share}: it must be from 0 to 1");
        }
    }
    if let Some(chance) = &plan.chance {
        chance.check(known)?;
    }
    for deed in &plan.disturbances {
        let (name, at) = (&deed.component, deed.at);
        if deed.what == Deed::Command {
            ensure!(!deed.command.is_empty(), "disturbance.command is empty: what = \"command\" runs it");
            ensure!(name.is_empty(), "disturbance.component `{name}`: a command concerns no component");
        } else {
            ensure!(known(name), "disturbance.component `{name}`: no contestant of this plan has it");
            ensure!(
                deed.command.is_empty() && deed.back.is_empty(),
                "disturbance.command and disturbance.back need what = \"command\""
            );
        }
        ensure!(
            deed.seconds >= 0.0 && deed.seconds.is_finite(),
            "disturbance.seconds must be a number from 0 up"
        );
        ensure!(
            (0.0..plan.live.seconds).contains(&at),
            "disturbance.at {at}: it must lie within live.seconds, which is {}",
            plan.live.seconds
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(from: &str, to: &str) -> String {
        let (_, text) = super::super::BUILT_IN.iter().find(|(name, _)| *name == "short").unwrap();
        assert!(text.contains(from), "{from}");
        format!("{:#}", Plan::parse(&text.replacen(from, to, 1), "short").unwrap_err())
    }

    #[test]
    fn what_tests_nothing_is_refused_by_its_key() {
        let end = "[[contest]]";
        let deed = |what: &str| format!("[[disturbance]]\n{what}\n[[contest]]");
        for (from, to, key) in [
            ("rate = 20000.0", "rate = 0.0", "live.rate"),
            ("rate = 20000.0", "rate = 0.5", "less than one event"),
            ("seconds = 1.0", "seconds = 0.00001", "less than one event"),
            ("keys = 10000", "keys = 0", "workloads.orders.keys"),
            ("repeats = 1", "repeats = 0", "repeats must be at least 1"),
            ("cut_ms = 500", "cut_ms = 0", "lambda would begin no batch"),
            ("late = 0.01", "late = 1.5", "faults.late"),
            (
                end,
                &deed("component = \"sped\"\nwhat = \"kill\"\nat = 0.1\nseconds = 0.1"),
                "component `sped`",
            ),
            (
                end,
                &deed("component = \"kappa\"\nwhat = \"kill\"\nat = 7.0\nseconds = 0.1"),
                "disturbance.at 7",
            ),
            (end, &deed("what = \"command\"\nat = 0.1"), "disturbance.command is empty"),
            (
                end,
                &deed("component = \"kappa\"\nwhat = \"kill\"\nat = 0.1\nback = \"true\""),
                "disturbance.back",
            ),
        ] {
            let error = refused(from, to);
            assert!(error.contains(key) && !error.contains('\n'), "{to}: {error}");
        }
    }
}
