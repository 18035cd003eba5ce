//! How much of one file recurs in another.

use hashbrown::HashSet;

use super::Token;

/// Tokens that must recur in one run. Shorter runs recur in any two Rust files.
const RUN: usize = 24;

/// What counts as the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// The same text: clones of the first type.
    Exact,
    /// The same but for names and literals: clones of the second type.
    Blinded,
}

/// The share of the tokens of the shorter side that lie in a run which the other side has too.
pub fn overlap(one: &[Token], two: &[Token], kind: Match) -> f64 {
    let (short, long) = if one.len() <= two.len() { (one, two) } else { (two, one) };
    let word = |token: &'_ Token| if kind == Match::Exact { token.text.clone() } else { token.blind.clone() };
    let (short, long): (Vec<String>, Vec<String>) =
        (short.iter().map(word).collect(), long.iter().map(word).collect());
    if short.is_empty() {
        return 0.0;
    }
    let known: HashSet<&[String]> = long.windows(RUN).collect();
    let mut covered = vec![false; short.len()];
    for (n, run) in short.windows(RUN).enumerate() {
        if known.contains(run) {
            covered[n..n + RUN].fill(true);
        }
    }
    covered.iter().filter(|is| **is).count() as f64 / short.len() as f64
}

#[cfg(test)]
mod tests {
    use super::super::{Owner, Source, tokens};
    use super::*;

    fn of(text: &str) -> Vec<Token> {
        tokens(&Source { owner: Owner::Lambda, path: "batch/orders.rs".into(), text: text.into() }).unwrap()
    }

    const FOLD: &str = "fn fold(a: &mut Map, e: &Event) { let sum = a.entry(e.key).or_default(); sum.0 += e.amount; sum.1 += 1; }";

    #[test]
    fn a_file_recurs_wholly_in_itself() {
        assert_eq!(overlap(&of(FOLD), &of(FOLD), Match::Exact), 1.0);
    }

    #[test]
    fn other_names_are_a_clone_of_the_second_type_only() {
        let renamed = FOLD.replace("sum", "total").replace("Event", "Record").replace("fold", "feed");
        assert_eq!(overlap(&of(FOLD), &of(&renamed), Match::Blinded), 1.0);
        assert!(overlap(&of(FOLD), &of(&renamed), Match::Exact) < 0.5);
    }

    #[test]
    fn comments_documentation_and_tests_are_no_code() {
        let dressed =
            format!("//! Head.\n/// Doc.\n// Why.\n{FOLD}\n#[cfg(test)]\nmod tests {{ fn x() {{ 1; }} }}\n");
        assert_eq!(of(&dressed).len(), of(FOLD).len());
        assert_eq!(super::super::lines(&of(&dressed)), 1);
    }
}
