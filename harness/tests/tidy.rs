//! What the layout promises, held: heads, sizes, imports, rules and the direction of dependencies.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use harness::measures::duplication::{Owner, Source, embedded, rules_of, sites};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace lies above").to_path_buf()
}

/// Every source file of the workspace, by its path below the root.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for member in ["workloads", "lambda", "kappa", "harness", "benches"] {
        walk(&root().join(member), &mut found);
    }
    found.sort();
    assert!(found.len() > 50, "the sources were not found");
    found
}

fn walk(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            walk(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let short = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
            found.push((short, std::fs::read_to_string(&path).unwrap()));
        }
    }
}

fn complain(what: &str, faults: &[String]) {
    assert!(faults.is_empty(), "{what}:\n{}", faults.join("\n"));
}

#[test]
fn every_file_opens_with_what_it_is() {
    let bare = sources().into_iter().filter(|(_, text)| !text.starts_with("//! ")).map(|(path, _)| path);
    complain("files without a head", &bare.collect::<Vec<_>>());
}

#[test]
fn no_head_is_a_placeholder() {
    let word = ["Place", "holder"].concat();
    let stubs = sources()
        .into_iter()
        .filter(|(_, text)| text.lines().next().is_some_and(|head| head.contains(&word)));
    complain("files that wait to be written", &stubs.map(|(path, _)| path).collect::<Vec<_>>());
}

#[test]
fn no_file_is_longer_than_four_hundred_lines() {
    let long = sources().into_iter().filter(|(_, text)| text.lines().count() > 400);
    complain(
        "files too long",
        &long.map(|(path, text)| format!("{path}: {}", text.lines().count())).collect::<Vec<_>>(),
    );
}

#[test]
fn main_is_a_match_and_no_more() {
    let main = std::fs::read_to_string(root().join("harness/src/main.rs")).unwrap();
    assert!(main.lines().count() < 80, "harness/src/main.rs has {} lines", main.lines().count());
}

/// What business rules have no use for. A look-up in what the batch published can fail, so that `io::Result` may be named.
const FORBIDDEN: &[&str] = &[
    "std::fs",
    "io::Read",
    "io::Write",
    "io::stdin",
    "io::stdout",
    "io::stderr",
    "std::net",
    "std::thread",
    "std::time",
    "std::env",
    "std::process",
    "std::sync",
    "Instant",
    "SystemTime",
    "Mutex",
    "RwLock",
    "Atomic",
    "println!",
    "eprintln!",
    "dbg!",
    "tracing::",
    "log::info",
    "File::",
    "serde_json",
];

fn logic() -> Vec<Source> {
    let all: Vec<Source> = embedded().into_iter().filter(|file| file.is_logic() && !file.is_test()).collect();
    assert!(!all.is_empty(), "no logic was found");
    all
}

#[test]
fn logic_does_nothing_but_business() {
    let mut faults = Vec::new();
    for file in logic() {
        let code = file.text.split("#[cfg(test)]").next().unwrap_or_default();
        for (n, line) in code.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            let found = FORBIDDEN.iter().filter(|word| line.contains(**word));
            faults.extend(
                found.map(|word| format!("{}/{} line {}: {word}", file.owner.name(), file.path, n + 1)),
            );
        }
    }
    complain("logic that does input, output, time or locks", &faults);
}

#[test]
fn batch_and_speed_share_no_logic() {
    let mut faults = Vec::new();
    for file in logic() {
        let other = match file.folder() {
            "batch" => "speed::",
            "speed" => "batch::",
            _ => continue,
        };
        if file.text.lines().any(|line| line.trim_start().starts_with("use ") && line.contains(other)) {
            faults.push(format!("{} uses {other}", file.path));
        }
    }
    complain("one layer's logic uses the other's", &faults);
}

#[test]
fn every_tag_has_code_and_names_a_rule() {
    sites(&embedded()).unwrap();
}

#[test]
fn every_rule_stands_in_both_contestants_or_before_both() {
    let found = sites(&embedded()).unwrap();
    let mut faults = Vec::new();
    for workload in ["orders", "trades"] {
        let rules = rules_of(workload);
        assert!(rules.len() > 10, "the rules of {workload} were not found");
        for rule in rules {
            let has = |owner: Owner| found.iter().any(|site| site.rule == rule && site.owner == owner);
            let in_both = has(Owner::Lambda) && has(Owner::Kappa);
            if !has(Owner::Shared) && !in_both {
                let missing = [Owner::Lambda, Owner::Kappa].into_iter().filter(|owner| !has(*owner));
                let names: Vec<&str> = missing.map(Owner::name).collect();
                faults.push(format!("{rule} has no site in {}", names.join(" nor in ")));
            }
        }
    }
    complain("rules that nobody says to carry out", &faults);
}

#[test]
fn rules_stand_in_logic_and_not_in_plumbing() {
    let found = sites(&embedded()).unwrap();
    let stray = found.iter().filter(|site| site.place == "plumbing");
    complain(
        "tags in plumbing",
        &stray.map(|site| format!("{} line {}: {}", site.path, site.line, site.rule)).collect::<Vec<_>>(),
    );
}

#[test]
fn dependencies_run_one_way() {
    let of = |member: &str| std::fs::read_to_string(root().join(member).join("Cargo.toml")).unwrap();
    let needs = |member: &str, other: &str| {
        of(member)
            .lines()
            .any(|line| line.starts_with(&format!("{other}.")) || line.starts_with(&format!("{other} =")))
    };
    for (member, others) in [
        ("workloads", &["lambda", "kappa", "harness"][..]),
        ("lambda", &["kappa", "harness"]),
        ("kappa", &["lambda", "harness"]),
    ] {
        for other in others {
            assert!(!needs(member, other), "{member} depends on {other}");
        }
    }
}

#[test]
fn contestants_do_not_know_that_they_are_in_a_contest() {
    let mut faults = Vec::new();
    for (path, text) in
        sources().iter().filter(|(path, _)| path.starts_with("lambda/src") || path.starts_with("kappa/src"))
    {
        for word in ["feature = \"bench\"", "harness::", "procfs", "getrusage", "hdrhistogram"] {
            if text.contains(word) {
                faults.push(format!("{path}: {word}"));
            }
        }
    }
    complain("contestants with something for the harness", &faults);
}

#[test]
fn the_readme_has_a_place_for_the_report() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    harness::report::splice(&readme, "x").unwrap();
}
