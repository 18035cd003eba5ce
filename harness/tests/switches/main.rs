//! Every mistake that a Lambda can be switched to is caught in its class and size, and gone when it is switched off.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};

use harness::switches::{Case, Finding, cases};

mod counterexamples;
mod handovers;
mod merges;
mod mistakes;
mod shown;

/// The table but for its figures: `wb lambda switches --format csv` with the first five columns.
const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/switches/table.csv");

fn case(switch: &str, workload: &str) -> Case {
    let mut found = cases();
    found.retain(|case| case.switch == switch && case.script.workload == workload);
    found.pop().unwrap_or_else(|| panic!("no case {switch} on {workload}"))
}

fn line(finding: &Finding) -> String {
    let Finding { switch, workload, view, class, signature, .. } = finding;
    format!("{switch},{workload},{view},{},{}", class.name(), signature.name())
}

fn table(wanted: impl Fn(&Case) -> bool) {
    let text = std::fs::read_to_string(TABLE).unwrap();
    let mut pinned: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let mut fields = line.split(',');
        let key = (fields.next().unwrap(), fields.next().unwrap());
        pinned.entry(key).or_default().insert(line);
    }
    for case in cases().into_iter().filter(wanted) {
        let (_, verdicts) = case.run().unwrap();
        let found: BTreeSet<String> = case.findings(&verdicts).iter().map(line).collect();
        let expected = pinned.get(&(case.switch.as_str(), case.script.workload)).cloned().unwrap_or_default();
        assert_eq!(found.iter().map(String::as_str).collect::<BTreeSet<_>>(), expected, "{}", case.switch);
    }
}

#[test]
fn every_handover_is_seen_as_the_table_says() {
    table(|case| case.switch.starts_with("handover"));
}

#[test]
fn every_mistake_on_orders_is_seen_as_the_table_says() {
    table(|case| case.switch.starts_with("student") && case.script.workload == "orders");
}

#[test]
fn every_mistake_on_trades_is_seen_as_the_table_says() {
    table(|case| case.switch.starts_with("student") && case.script.workload == "trades");
}

#[test]
fn what_is_switched_off_is_gone() {
    let mut tried = BTreeSet::new();
    for case in cases() {
        let off = case.off();
        if tried.insert(format!("{:?}", off.script)) {
            let (_, verdicts) = off.run().unwrap();
            let found = off.findings(&verdicts);
            assert!(found.iter().all(|finding| finding.wrong == 0), "{} off: {found:#?}", case.switch);
        }
    }
    assert!(tried.len() > 3);
}
