//! In which order the runs of a plan take place.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::Plan;

/// One run: a fresh process for each component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Name of the workload.
    pub workload: String,
    /// Name of the contestant.
    pub contestant: String,
    /// From 1.
    pub repeat: u32,
}

impl Plan {
    /// Every run. Contestants of one contest are interleaved: each odd repeat in an order drawn by the seed, the
    /// even one after it in the opposite order (A B B A), so that a drift of the machine favours nobody.
    pub fn runs(&self) -> Vec<Spec> {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        let mut specs = Vec::new();
        for contest in &self.contests {
            let mut order: Vec<&String> = contest.contestants.iter().collect();
            for repeat in 1..=contest.repeats {
                if repeat % 2 == 1 {
                    order.shuffle(&mut random);
                } else {
                    order.reverse();
                }
                specs.extend(order.iter().map(|contestant| Spec {
                    workload: contest.workload.clone(),
                    contestant: (*contestant).clone(),
                    repeat,
                }));
            }
        }
        specs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::BUILT_IN;

    #[test]
    fn every_built_in_plan_can_be_read() {
        for (name, text) in BUILT_IN {
            let plan = Plan::parse(text, name).unwrap();
            assert_eq!(plan.name, *name);
            assert!(!plan.runs().is_empty());
        }
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_known_ones() {
        let text = BUILT_IN[0].1.replace("rate =", "rote =");
        let error = format!("{:#}", Plan::parse(&text, "mine.toml").unwrap_err());
        assert!(
            error.contains("mine.toml, line") && error.contains("`rote`") && error.contains("`rate`"),
            "{error}"
        );
        assert!(!error.contains('\n'), "one line: {error}");
    }

    #[test]
    fn pairs_are_run_there_and_back() {
        let mut plan = Plan::load("default").unwrap();
        plan.contests.truncate(1);
        plan.contests[0].contestants = vec!["reference".into(), "noop".into()];
        plan.contests[0].repeats = 2;
        let order: Vec<String> = plan.runs().into_iter().map(|spec| spec.contestant).collect();
        assert_eq!(order[0], order[3]);
        assert_eq!(order[1], order[2]);
    }
}
