//! What of a contestant is to be kept and to be tuned, counted from its source by two rules that anybody can check.
//!
//! * A **store** is a place of its own in the contestant's folder: a different name in `state.join("NAME")`.
//! * A **tunable** is a number or a switch in its configuration: a public field of a type such as `u32` or `bool`, in a
//!   struct whose name ends in `Config`. Other fields say what is to be done and where, not how.

use std::collections::BTreeSet;

use anyhow::Result;

use super::{Owner, Source, Token, tokens};

/// Types of fields that are tuned.
const TUNED: &[&str] =
    &["bool", "u8", "u16", "u32", "u64", "usize", "i32", "i64", "f32", "f64", "Millis", "Micros", "Duration"];

/// Names of the stores of a contestant.
pub fn stores(all: &[Source], owner: Owner) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for tokens in each(all, owner)? {
        for window in tokens.windows(5) {
            let [state, dot, join, open, name] = window else { continue };
            let call = [state, dot, join, open].map(|token| token.text.as_str());
            if call == ["state", ".", "join", "("] && name.text.starts_with('"') {
                names.insert(name.text.trim_matches('"').to_string());
            }
        }
    }
    Ok(names)
}

/// Names of the tunables of a contestant.
pub fn tunables(all: &[Source], owner: Owner) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for tokens in each(all, owner)? {
        for start in 0..tokens.len() {
            let text = |at: usize| tokens.get(start + at).map_or("", |token| token.text.as_str());
            if text(0) == "struct" && text(1).ends_with("Config") && text(2) == "{" {
                names.extend(fields(&tokens[start + 3..]));
            }
        }
    }
    Ok(names)
}

/// The tuned ones among the fields up to the end of a struct.
fn fields(tokens: &[Token]) -> Vec<String> {
    let end = tokens.iter().position(|token| token.text == "}").unwrap_or(tokens.len());
    let fields = tokens[..end].windows(5).filter_map(|window| {
        let [public, name, colon, kind, comma] = window else { return None };
        let plain = public.text == "pub" && colon.text == ":" && comma.text == ",";
        (plain && TUNED.contains(&kind.text.as_str())).then(|| name.text.clone())
    });
    fields.collect()
}

fn each(all: &[Source], owner: Owner) -> Result<Vec<Vec<Token>>> {
    all.iter().filter(|source| source.owner == owner && !source.is_test()).map(tokens).collect()
}

#[cfg(test)]
mod tests {
    use super::super::embedded;
    use super::*;

    fn source(text: &str) -> Vec<Source> {
        vec![Source { owner: Owner::Lambda, path: "lib.rs".into(), text: text.into() }]
    }

    #[test]
    fn a_store_is_a_name_in_the_folder_and_counts_once() {
        let text = "fn f() { a(&state.join(\"one\")); b(state.join(\"two\")); c(state.join(\"one\"), dir.join(\"x\")); }";
        let names = stores(&source(text), Owner::Lambda).unwrap();
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["one", "two"]);
    }

    #[test]
    fn a_tunable_is_a_number_or_a_switch_of_a_configuration() {
        let text = "/// It.\npub struct AConfig { pub state: PathBuf, /// How many.\n pub n: u64, pub on: bool, m: u32, }\n\
                    pub struct Other { pub n: u64, }";
        let names = tunables(&source(text), Owner::Lambda).unwrap();
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["n", "on"]);
    }

    #[test]
    fn both_contestants_have_stores_and_tunables() {
        let all = embedded();
        for owner in [Owner::Lambda, Owner::Kappa] {
            assert!(!stores(&all, owner).unwrap().is_empty(), "{}", owner.name());
            assert!(!tunables(&all, owner).unwrap().is_empty(), "{}", owner.name());
        }
    }
}
