//! What is done to components at times that a seed draws.

use anyhow::ensure;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{Deed, Disturbance, Plan};

/// Seconds left alone at the end, so that everybody comes back.
const CALM: f64 = 0.5;

/// What chance does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chance {
    /// What may be done.
    pub what: Vec<Deed>,
    /// Names of the components to which it may be done, to each apart from the others.
    pub components: Vec<String>,
    /// Seconds that a component is left alone between two, on average.
    pub every: f64,
    /// Seconds that one takes, at least and at most.
    pub seconds: [f64; 2],
}

impl Plan {
    /// Whether anything is done to components.
    pub fn disturbs(&self) -> bool {
        !self.disturbances.is_empty() || self.chance.is_some()
    }

    /// Everything that is done to components in a repeat: what stands in the plan and what chance does.
    pub fn deeds(&self, repeat: u32) -> Vec<Disturbance> {
        let mut deeds = self.disturbances.clone();
        if let Some(chance) = &self.chance {
            let mut random = ChaCha8Rng::seed_from_u64(self.seed.wrapping_add(u64::from(repeat)));
            for component in &chance.components {
                chance.draw(component, self.live.seconds - CALM, &mut random, &mut deeds);
            }
        }
        deeds
    }
}

impl Chance {
    /// An error if nothing would ever be done.
    pub(super) fn check(&self, known: impl Fn(&str) -> bool) -> anyhow::Result<()> {
        ensure!(!self.what.is_empty(), "disturbances.what is empty: name `pause` or `kill`");
        ensure!(
            !self.what.contains(&Deed::Command),
            "disturbances.what: a command is no matter of chance, give it a [[disturbance]] of its own"
        );
        ensure!(!self.components.is_empty(), "disturbances.components is empty");
        for name in &self.components {
            ensure!(known(name), "disturbances.components `{name}`: no contestant of this plan has it");
        }
        ensure!(
            self.every > 0.0 && self.every.is_finite(),
            "disturbances.every must be a number of seconds above 0"
        );
        let [least, most] = self.seconds;
        ensure!(
            0.0 < least && least <= most && most.is_finite(),
            "disturbances.seconds must be two numbers above 0, the smaller first"
        );
        Ok(())
    }

    /// One after another, until there is no time for another.
    fn draw(&self, component: &str, end: f64, random: &mut ChaCha8Rng, deeds: &mut Vec<Disturbance>) {
        let [least, most] = self.seconds;
        let mut free = 0.0;
        loop {
            // Waiting times of a process without memory.
            let at = round(free - self.every * (1.0 - random.random::<f64>()).ln());
            let seconds = round(least + (most - least) * random.random::<f64>());
            let what = self.what[random.random_range(0..self.what.len())];
            free = at + seconds;
            if free > end {
                return;
            }
            let component = component.to_owned();
            let (name, command, back) = Default::default();
            deeds.push(Disturbance { component, what, at, seconds, name, command, back });
        }
    }
}

/// To whole milliseconds, as plans are read by people.
fn round(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_is_never_disturbed_twice_at_once() {
        let plan = Plan::parse(include_str!("../../plans/campaign.toml"), "campaign.toml").unwrap();
        let deeds = plan.deeds(1);
        assert_eq!(deeds, plan.deeds(1));
        assert_ne!(deeds, plan.deeds(2));
        for component in &plan.chance.as_ref().unwrap().components {
            let of: Vec<_> = deeds.iter().filter(|deed| deed.component == *component).collect();
            assert!(of.len() > 10, "{component}: {}", of.len());
            assert!(of.windows(2).all(|pair| pair[0].at + pair[0].seconds <= pair[1].at));
            for what in [Deed::Pause, Deed::Kill] {
                assert!(of.iter().any(|deed| deed.what == what), "{what:?}");
            }
        }
        assert!(deeds.iter().all(|deed| deed.at + deed.seconds < plan.live.seconds));
    }
}
