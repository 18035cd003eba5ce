//! How much is written twice: lines and tokens by role, clones within Rust, and the places in which each rule stands.
//!
//! The sources of both contestants are part of the program, so that the figures belong to what was run.
//!
//! | measure | unit | meaning |
//! |---|---|---|
//! | `code.lines.PLACE`, `code.tokens.PLACE` | lines, tokens | logic in `batch`, `speed`, `serving` (Lambda), `views` (Kappa), without comments and tests |
//! | `code.lines.logic`, `code.tokens.logic` | lines, tokens | a contestant's logic of one workload in all |
//! | `code.lines.plumbing`, `code.tokens.plumbing` | lines, tokens | everything else of a contestant; workload empty |
//! | `code.sites.RULE.PLACE` | sites | where the rule is tagged; `shared` is what everybody's input goes through |
//! | `code.sites-per-rule` | sites | mean of a contestant's sites over the rules that contestants carry out |
//! | `count.stores` | stores | places of its own in its folder: different names in `state.join("NAME")`; workload empty |
//! | `count.tunables` | tunables | public fields of numbers and switches in its `*Config`; workload empty |
//! | `code.clones.PAIR` | share | tokens of the shorter file that lie in a run of 24 that the other has too, names and literals blinded |
//! | `code.clones.floor-PAIR` | share | the same for two files that have nothing in common |
//! | `code.exact.PAIR`, `code.exact.floor-PAIR` | share | the same with names and literals compared |

mod census;
mod clones;
mod rules;
mod source;
mod tokens;

pub use census::{stores, tunables};
pub use clones::{Match, overlap};
pub use rules::{Site, rules_of, sites};
pub use source::{Owner, Source, embedded};
pub use tokens::{Token, lines, tokens};

/// One number about sources.
#[derive(Clone, Debug, PartialEq)]
pub struct Count {
    /// The workload; empty when it is about all.
    pub workload: String,
    /// Whose source it is.
    pub contestant: &'static str,
    /// What was counted.
    pub measure: String,
    /// In what.
    pub unit: &'static str,
    /// The number.
    pub value: f64,
}

/// Everything about the sources that this program was built from.
pub fn measure() -> anyhow::Result<Vec<Count>> {
    count(&embedded())
}

/// Everything about some sources.
pub fn count(all: &[Source]) -> anyhow::Result<Vec<Count>> {
    let mut counts = Vec::new();
    for owner in [Owner::Lambda, Owner::Kappa] {
        sizes(all, owner, &mut counts)?;
        kept(all, owner, &mut counts)?;
    }
    for workload in workloads::WORKLOADS.iter().map(|workload| workload.name) {
        places(all, workload, &mut counts)?;
        pairs(all, workload, &mut counts)?;
    }
    Ok(counts)
}

fn sizes(all: &[Source], owner: Owner, counts: &mut Vec<Count>) -> anyhow::Result<()> {
    let own: Vec<&Source> = all.iter().filter(|source| source.owner == owner && !source.is_test()).collect();
    let mut add = |workload: &str, role: &str, files: &[&Source]| -> anyhow::Result<()> {
        let (mut n_lines, mut n_tokens) = (0, 0);
        for file in files {
            let tokens = tokens(file)?;
            n_lines += lines(&tokens);
            n_tokens += tokens.len();
        }
        for (what, value) in [("lines", n_lines), ("tokens", n_tokens)] {
            counts.push(Count {
                workload: workload.into(),
                contestant: owner.name(),
                measure: format!("code.{what}.{role}"),
                unit: what,
                value: value as f64,
            });
        }
        Ok(())
    };
    for workload in workloads::WORKLOADS.iter().map(|workload| workload.name) {
        let logic: Vec<&Source> = own.iter().copied().filter(|file| file.logic_of(workload)).collect();
        for place in owner.places() {
            let here: Vec<&Source> = logic.iter().copied().filter(|file| file.folder() == *place).collect();
            add(workload, place, &here)?;
        }
        add(workload, "logic", &logic)?;
    }
    let rest: Vec<&Source> = own.iter().copied().filter(|file| !file.is_logic()).collect();
    add("", "plumbing", &rest)
}

fn kept(all: &[Source], owner: Owner, counts: &mut Vec<Count>) -> anyhow::Result<()> {
    for (what, names) in [("stores", stores(all, owner)?), ("tunables", tunables(all, owner)?)] {
        counts.push(Count {
            workload: String::new(),
            contestant: owner.name(),
            measure: format!("count.{what}"),
            unit: what,
            value: names.len() as f64,
        });
    }
    Ok(())
}

fn places(all: &[Source], workload: &str, counts: &mut Vec<Count>) -> anyhow::Result<()> {
    let rules = rules_of(workload);
    let found = sites(all)?;
    let at = |rule: &str, owner: Owner, place: &str| {
        found.iter().filter(|site| site.rule == rule && site.owner == owner && site.place == place).count()
    };
    for owner in [Owner::Lambda, Owner::Kappa, Owner::Shared] {
        for rule in &rules {
            for place in owner.places() {
                counts.push(Count {
                    workload: workload.into(),
                    contestant: owner.name(),
                    measure: format!("code.sites.{rule}.{place}"),
                    unit: "sites",
                    value: at(rule, owner, place) as f64,
                });
            }
        }
    }
    let of = |rule: &str, owner: Owner| {
        found.iter().filter(|site| site.rule == *rule && site.owner == owner).count()
    };
    let carried: Vec<&String> =
        rules.iter().filter(|rule| of(rule, Owner::Lambda) + of(rule, Owner::Kappa) > 0).collect();
    for owner in [Owner::Lambda, Owner::Kappa] {
        let whole: usize = carried.iter().map(|rule| of(rule, owner)).sum();
        counts.push(Count {
            workload: workload.into(),
            contestant: owner.name(),
            measure: "code.sites-per-rule".into(),
            unit: "sites",
            value: whole as f64 / carried.len().max(1) as f64,
        });
    }
    Ok(())
}

/// The pairs that ask the same questions, and those that have nothing in common but their authors.
fn pairs(all: &[Source], workload: &str, counts: &mut Vec<Count>) -> anyhow::Result<()> {
    let other = if workload == "orders" { "trades" } else { "orders" };
    let named = [
        ("batch-vs-speed", ("batch", workload), ("speed", workload)),
        ("batch-vs-views", ("batch", workload), ("views", workload)),
        ("speed-vs-serving", ("speed", workload), ("serving", workload)),
        ("floor-batch-vs-views", ("batch", workload), ("views", other)),
        ("floor-batch-vs-speed", ("batch", workload), ("speed", other)),
    ];
    for (name, one, two) in named {
        let (one, two) = (joined(all, one)?, joined(all, two)?);
        if one.is_empty() || two.is_empty() {
            continue;
        }
        for (what, kind) in [("clones", Match::Blinded), ("exact", Match::Exact)] {
            counts.push(Count {
                workload: workload.into(),
                contestant: Owner::Lambda.name(),
                measure: format!("code.{what}.{name}"),
                unit: "share",
                value: overlap(&one, &two, kind),
            });
        }
    }
    Ok(())
}

/// The tokens of the logic of one workload in one folder, whoever's it is.
fn joined(all: &[Source], (folder, workload): (&str, &str)) -> anyhow::Result<Vec<Token>> {
    let mut joined = Vec::new();
    let here =
        all.iter().filter(|file| file.folder() == folder && file.logic_of(workload) && !file.is_test());
    for file in here {
        joined.extend(tokens(file)?);
    }
    Ok(joined)
}
