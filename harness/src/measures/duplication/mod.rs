//! How much is written twice: lines and tokens by role, clones within Rust, and the places in which each rule stands.
//!
//! The sources of both contestants are part of the program, so that the figures belong to what was run. A Lambda whose
//! batch runs the speed layer's fold is counted as a contestant of its own, `lambda-shared`: its logic is that of speed
//! and serving layer, and its plumbing all of Lambda's.
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

/// Whose code is counted, and where his rules can stand.
struct Counted {
    name: &'static str,
    owner: Owner,
    places: &'static [&'static str],
}

impl Counted {
    const fn whole(owner: Owner) -> Self {
        Counted { name: owner.name(), owner, places: owner.places() }
    }
}

/// Those who carry rules out.
const COUNTED: [Counted; 3] = [
    Counted::whole(Owner::Lambda),
    Counted { name: "lambda-shared", owner: Owner::Lambda, places: &["speed", "serving"] },
    Counted::whole(Owner::Kappa),
];

/// Everything about the sources that this program was built from.
pub fn measure() -> anyhow::Result<Vec<Count>> {
    count(&embedded())
}

/// Everything about some sources.
pub fn count(all: &[Source]) -> anyhow::Result<Vec<Count>> {
    let mut counts = Vec::new();
    for counted in &COUNTED {
        sizes(all, counted, &mut counts)?;
    }
    for owner in [Owner::Lambda, Owner::Kappa] {
        kept(all, owner, &mut counts)?;
    }
    for workload in workloads::WORKLOADS.iter().map(|workload| workload.name) {
        places(all, workload, &mut counts)?;
        pairs(all, workload, &mut counts)?;
    }
    Ok(counts)
}

fn sizes(all: &[Source], counted: &Counted, counts: &mut Vec<Count>) -> anyhow::Result<()> {
    let own: Vec<&Source> =
        all.iter().filter(|source| source.owner == counted.owner && !source.is_test()).collect();
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
                contestant: counted.name,
                measure: format!("code.{what}.{role}"),
                unit: what,
                value: value as f64,
            });
        }
        Ok(())
    };
    for workload in workloads::WORKLOADS.iter().map(|workload| workload.name) {
        let here = |file: &&Source| file.logic_of(workload) && counted.places.contains(&file.folder());
        let logic: Vec<&Source> = own.iter().copied().filter(here).collect();
        for place in counted.places {
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
    for counted in COUNTED.iter().chain([&Counted::whole(Owner::Shared)]) {
        for rule in &rules {
            for place in counted.places {
                counts.push(Count {
                    workload: workload.into(),
                    contestant: counted.name,
                    measure: format!("code.sites.{rule}.{place}"),
                    unit: "sites",
                    value: at(rule, counted.owner, place) as f64,
                });
            }
        }
    }
    let of = |rule: &str, counted: &Counted| {
        let own = |site: &&Site| site.owner == counted.owner && counted.places.contains(&site.place.as_str());
        found.iter().filter(|site| site.rule == *rule).filter(own).count()
    };
    let carried: Vec<&String> =
        rules.iter().filter(|rule| COUNTED.iter().any(|counted| of(rule, counted) > 0)).collect();
    for counted in &COUNTED {
        let whole: usize = carried.iter().map(|rule| of(rule, counted)).sum();
        counts.push(Count {
            workload: workload.into(),
            contestant: counted.name,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source { owner: Owner::Lambda, path: path.into(), text: text.into() }
    }

    #[test]
    fn one_fold_in_both_layers_is_counted_without_the_batch_of_its_own() {
        let all = [
            source("batch/orders.rs", "fn f() {\n    // rule: O1\n    a += 1;\n}\n"),
            source("speed/orders.rs", "fn f() {\n    // rule: O1\n    b += 1;\n}\n"),
            source("serving/orders.rs", "fn f() {\n    // rule: O1\n    a + b;\n}\n"),
            source("growth/orders.rs", "fn f() {}\n"),
        ];
        let counts = count(&all).unwrap();
        let of = |contestant: &str, measure: &str| {
            let mut found = counts.iter().filter(|count| count.contestant == contestant);
            found.find(|count| count.measure == measure && ["orders", ""].contains(&count.workload.as_str()))
        };
        let value = |contestant: &str, measure: &str| of(contestant, measure).unwrap().value;
        assert_eq!(
            [value("lambda", "code.lines.logic"), value("lambda-shared", "code.lines.logic")],
            [9.0, 6.0]
        );
        let sites = "code.sites-per-rule";
        assert_eq!([value("lambda", sites), value("lambda-shared", sites)], [3.0, 2.0]);
        assert!(of("lambda-shared", "code.lines.batch").is_none());
        assert_eq!(value("lambda-shared", "code.lines.plumbing"), value("lambda", "code.lines.plumbing"));
    }
}
