//! Which rules there are, and where the tags say that they are carried out.

use anyhow::{Result, bail};

use super::source::{ruled, rules_text};
use super::{Owner, Source};

/// A place that carries out a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The rule, such as `O3`.
    pub rule: String,
    /// Whose code it is.
    pub owner: Owner,
    /// Which part of it: a folder of logic, or `shared`; `plumbing` is no place for a rule.
    pub place: String,
    /// The file.
    pub path: String,
    /// The line of the tag, from 1.
    pub line: usize,
}

/// The numbers of a workload's rules, in the order of its RULES.md.
pub fn rules_of(workload: &str) -> Vec<String> {
    let number = |line: &str| Some(line.strip_prefix("* **")?.split_once("**")?.0.to_string());
    rules_text(workload).lines().filter_map(number).collect()
}

/// Every tag, or the first that has no code under it or names no rule.
pub fn sites(all: &[Source]) -> Result<Vec<Site>> {
    let known: Vec<String> = ruled().flat_map(rules_of).collect();
    let mut found = Vec::new();
    for source in all.iter().filter(|source| !source.is_test()) {
        let lines: Vec<&str> = source.text.lines().map(str::trim).collect();
        for (n, line) in lines.iter().enumerate() {
            let Some(tagged) = line.strip_prefix("// rule:") else { continue };
            if !has_code(&lines[n + 1..]) {
                bail!("{}, line {}: a tag without code under it: move it or remove it", source.path, n + 1);
            }
            for rule in tagged.split([' ', ',']).filter(|word| !word.is_empty()) {
                if !known.iter().any(|name| name == rule) {
                    bail!("{}, line {}: there is no rule {rule}: see RULES.md", source.path, n + 1);
                }
                found.push(site(source, rule, n + 1));
            }
        }
    }
    Ok(found)
}

fn site(source: &Source, rule: &str, line: usize) -> Site {
    let place = match source.owner {
        Owner::Shared => "shared",
        _ if source.is_logic() => source.folder(),
        _ => "plumbing",
    };
    Site { rule: rule.into(), owner: source.owner, place: place.into(), path: source.path.clone(), line }
}

/// Whether the line below a tag does something: further tags may stand between.
fn has_code(below: &[&str]) -> bool {
    let next = below.iter().find(|line| !line.starts_with("// rule:"));
    next.is_some_and(|line| {
        !line.is_empty() && !line.starts_with("//") && line.chars().any(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tagged(text: &str) -> Result<Vec<Site>> {
        sites(&[Source { owner: Owner::Lambda, path: "speed/orders.rs".into(), text: text.into() }])
    }

    #[test]
    fn a_tag_is_a_site_of_its_folder() {
        let found = tagged("fn f() {\n    // rule: O1 O8\n    sum += 1;\n}\n").unwrap();
        let said: Vec<_> =
            found.iter().map(|site| (site.rule.as_str(), site.place.as_str(), site.line)).collect();
        assert_eq!(said, [("O1", "speed", 2), ("O8", "speed", 2)]);
    }

    #[test]
    fn a_tag_without_code_under_it_is_refused() {
        for text in [
            "fn f() {\n    // rule: O1\n}\n",
            "// rule: O1\n\nfn f() {}\n",
            "// rule: O1\n// why\nfn f() {}\n",
            "// rule: O1",
        ] {
            assert!(tagged(text).unwrap_err().to_string().contains("without code"), "{text}");
        }
    }

    #[test]
    fn a_tag_of_an_unknown_rule_is_refused() {
        assert!(tagged("// rule: O99\nfn f() {}\n").unwrap_err().to_string().contains("no rule O99"));
    }

    #[test]
    fn every_workload_has_rules() {
        for (workload, rules) in
            [("orders", 17), ("trades", 16), ("words", 6), ("sensors", 9), ("transfers", 10)]
        {
            assert_eq!(rules_of(workload).len(), rules, "{workload}");
        }
    }
}
