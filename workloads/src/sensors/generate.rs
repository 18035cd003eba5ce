//! Weather from a seed: a reading a second in each region, from 0 to 40 degrees, and heat waves whose alerts are known.
//!
//! A reading follows from its number alone. Two neighbouring ones are together 40 degrees, so that ten of them are
//! never hot in the mean; a wave begins and ends among such, and is hot for long enough to raise one alert. Event time
//! runs at one reading a second in each region, whatever the rate at which they are sent.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::dice::{base, dice, intended};
use crate::event::{Event, Millis, Name, Origin, SensorEvent};
use crate::{Draft, Shape};

/// Seconds in which a region has one wave at most.
const PERIOD: u64 = 120;
/// Seconds of the parts of a wave: calm, heat, a dip that does not clear the alert, heat again.
const PARTS: u64 = 10;
const CALM: i32 = 20;
const HEAT: i32 = 40;
const DIP: i32 = 29;
/// Seconds from the beginning of the heat to the alert: five of them make exactly 30 degrees in the mean.
const TO_ALERT: u64 = 5;
/// Streams of the dice of waves; those below are the readings'.
const WAVES: u64 = 1 << 63;

/// The events of a seeded run.
pub(super) fn generate(shape: &Shape) -> Box<dyn Iterator<Item = Draft> + Send> {
    let source = Source::new(shape);
    Box::new((0..shape.events).map(move |i| source.draft(i)))
}

/// The alerts that the events of a shape raise, after those of its past: region and second, by their numbers.
pub fn alerts(shape: &Shape) -> Vec<(Name, i64)> {
    let source = Source::new(shape);
    let (first, end) = (shape.first_sequence, shape.first_sequence + shape.events);
    let mut found = Vec::new();
    for period in first / source.regions / PERIOD..=end / source.regions / PERIOD {
        for region in 0..source.regions {
            let Some(wave) = source.wave(region, period) else { continue };
            let second = wave + PARTS + TO_ALERT;
            let number = second * source.regions + region;
            if (first..end).contains(&number) {
                found.push((name(region), source.start + second as i64));
            }
        }
    }
    found
}

struct Source {
    base: ChaCha8Rng,
    shape: Shape,
    regions: u64,
    /// The second of the very first reading, also where this shape follows another.
    start: i64,
}

impl Source {
    fn new(shape: &Shape) -> Self {
        let past = (shape.first_sequence as f64 * 1000.0 / shape.rate) as Millis;
        Source {
            base: base(shape.seed),
            shape: shape.clone(),
            regions: u64::from(shape.keys.max(1)),
            start: shape.start.saturating_sub(past).div_euclid(1000),
        }
    }

    fn draft(&self, i: u64) -> Draft {
        let number = self.shape.first_sequence + i;
        let (region, second) = (number % self.regions, number / self.regions);
        let mut dice = dice(&self.base, second / 2 * self.regions + region);
        let (drawn, millis) = (dice.random_range(0..=HEAT), [(); 2].map(|()| dice.random_range(0..1000)));
        // The first readings of all have no others to be evened out by.
        let usual = match second {
            0..PARTS => CALM,
            _ if second.is_multiple_of(2) => drawn,
            _ => HEAT - drawn,
        };
        let reading = self.heat(region, second).unwrap_or(usual);
        let time = (self.start + second as i64) * 1000 + millis[(second % 2) as usize];
        let event = Event::Sensor(SensorEvent { region: name(region), reading, time });
        let origin = Some(Origin { source: 0, sequence: number });
        Draft { origin, intended: intended(&self.shape, i), event }
    }

    /// What is read while a wave passes.
    fn heat(&self, region: u64, second: u64) -> Option<i32> {
        let since = second.checked_sub(self.wave(region, second / PERIOD)?)?;
        [CALM, HEAT, DIP, HEAT].get((since / PARTS) as usize).copied()
    }

    /// The second in which the wave of a period begins, if there is one.
    fn wave(&self, region: u64, period: u64) -> Option<u64> {
        let mut dice = dice(&self.base, WAVES | (period * self.regions + region));
        // Even, so that the readings round it still come in pairs, and early enough to be over with its period.
        let after = 2 * dice.random_range(0..=(PERIOD - 6 * PARTS) / 2);
        dice.random_bool(0.5).then_some(period * PERIOD + after)
    }
}

/// The compass, and numbers after it.
fn name(region: u64) -> Name {
    match ["north", "east", "south", "west"].get(region as usize) {
        Some(name) => Name::new(name),
        None => Name::from(format!("region-{region:03}")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::calendar::Unit;
    use crate::{Place, Record, Terms, Truth, workload};

    fn shape(events: u64) -> Shape {
        Shape {
            seed: 7,
            events,
            rate: 500.0,
            keys: 7,
            cancellations: 0.0,
            corrections: 0.0,
            start: 1_700_000_000_123,
            first_sequence: 0,
        }
    }

    fn told(drafts: impl Iterator<Item = Draft>) -> Box<dyn Truth> {
        let mut truth = (workload("sensors").expect("it is listed").truth)(&Terms::default());
        for (offset, draft) in (0..).zip(drafts) {
            let (place, origin) = (Place { partition: 0, offset }, draft.origin);
            truth.feed(&Record { place, origin, intended: 0, appended: 0, event: draft.event }, None);
        }
        truth
    }

    fn listed(shape: &Shape) -> BTreeSet<String> {
        alerts(shape).iter().map(|(region, second)| Unit::Second.key(region, *second)).collect()
    }

    #[test]
    fn exactly_the_listed_alerts_appear() {
        for (seed, keys, events) in [(1, 1, 700), (7, 7, 10_000), (8, 4, 4_801), (9, 30, 30_000), (3, 0, 500)]
        {
            let shape = Shape { seed, keys, ..shape(events) };
            let raised: BTreeSet<String> = told(generate(&shape)).rows("alerts").into_keys().collect();
            assert_eq!(raised, listed(&shape), "seed {seed}");
            assert!(!raised.is_empty(), "seed {seed}");
        }
    }

    #[test]
    fn a_second_shape_goes_on_where_the_first_ended_also_amid_a_wave() {
        let first = shape(3_500);
        let second = Shape { first_sequence: 3_500, start: first.start + 7_000, ..shape(6_500) };
        let whole: Vec<Event> = generate(&shape(10_000)).map(|draft| draft.event).collect();
        let parts = generate(&first).chain(generate(&second));
        assert_eq!(whole, parts.map(|draft| draft.event).collect::<Vec<_>>());
        let both: BTreeSet<String> = listed(&first).union(&listed(&second)).cloned().collect();
        assert_eq!(both, listed(&shape(10_000)));
    }

    #[test]
    fn every_region_has_a_reading_from_0_to_40_in_every_second() {
        let truth = told(generate(&shape(7_000)));
        let seconds = truth.rows("seconds");
        assert_eq!(seconds.len(), 7_000);
        assert!(seconds.values().all(|row| (0..=40).contains(&row[0]) && row[1] == 1));
        let average = truth.row("average", "north").expect("it was read");
        assert!(average[1] == 1_000 && (19_000..25_000).contains(&average[0]), "{average:?}");
    }
}
