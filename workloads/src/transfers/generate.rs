//! Transfers from a seed: unit amounts between accounts drawn evenly, arriving up to ten seconds after they happened.
//!
//! A transfer follows from its number alone. Those that wait to arrive are kept: ten seconds of the rate.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::dice::{base, dice, intended};
use crate::event::{Event, Micros, Name, Origin, TransferEvent};
use crate::{Draft, Shape};

/// The longest that a transfer takes to arrive.
const DELAY: Micros = 10_000_000;

/// The events of a seeded run, in the order of their arrival.
pub(super) fn generate(shape: &Shape) -> Box<dyn Iterator<Item = Draft> + Send> {
    let mut source =
        Source { base: base(shape.seed), shape: shape.clone(), waiting: BinaryHeap::new(), happened: 0 };
    Box::new((0..shape.events).map_while(move |i| source.draft(i)))
}

struct Source {
    base: ChaCha8Rng,
    shape: Shape,
    /// Transfers on their way, the first to arrive on top: when, and which.
    waiting: BinaryHeap<Reverse<(Micros, u64)>>,
    /// How many have happened.
    happened: u64,
}

impl Source {
    /// The arrival of that turn.
    fn draft(&mut self, turn: u64) -> Option<Draft> {
        // Whatever happens later arrives later than what is on top now.
        while self.happened < self.shape.events
            && self.waiting.peek().is_none_or(|Reverse((at, _))| *at >= intended(&self.shape, self.happened))
        {
            let delay = self.dice(self.happened).random_range(0..DELAY);
            let at = intended(&self.shape, self.happened) + delay;
            self.waiting.push(Reverse((at, self.happened)));
            self.happened += 1;
        }
        let Reverse((_, i)) = self.waiting.pop()?;
        let origin = Some(Origin { source: 0, sequence: self.shape.first_sequence + i });
        Some(Draft {
            origin,
            intended: intended(&self.shape, turn),
            event: Event::Transfer(self.transfer(i)),
        })
    }

    fn transfer(&self, i: u64) -> TransferEvent {
        let mut dice = self.dice(i);
        let _delay = dice.random_range(0..DELAY);
        let mut account = || Name::from(dice.random_range(0..self.shape.keys.max(1)).to_string());
        let (from, to) = (account(), account());
        let transfer = Name::from((self.shape.first_sequence + i).to_string());
        let time = self.shape.start.saturating_add(intended(&self.shape, i) / 1000);
        TransferEvent { transfer, from, to, amount: 1, time }
    }

    fn dice(&self, i: u64) -> ChaCha8Rng {
        dice(&self.base, self.shape.first_sequence + i)
    }
}

#[cfg(test)]
mod tests {
    use hashbrown::{HashMap, HashSet};

    use super::*;

    fn shape(events: u64) -> Shape {
        Shape {
            seed: 42,
            events,
            rate: 1_000.0,
            keys: 10,
            cancellations: 0.0,
            corrections: 0.0,
            start: 1_609_459_200_000,
            first_sequence: 0,
        }
    }

    fn transfers(shape: &Shape) -> Vec<TransferEvent> {
        let of = |draft: Draft| match draft.event {
            Event::Transfer(transfer) => transfer,
            _ => unreachable!("transfers generate transfers"),
        };
        generate(shape).map(of).collect()
    }

    #[test]
    fn every_transfer_arrives_once_within_ten_seconds() {
        let shape = shape(60_000);
        let source = Source { base: base(42), shape: shape.clone(), waiting: BinaryHeap::new(), happened: 0 };
        let arrived = transfers(&shape);
        let numbers: Vec<u64> = arrived.iter().map(|event| event.transfer.parse().unwrap()).collect();
        assert_eq!(numbers.iter().collect::<HashSet<_>>().len(), 60_000);
        let at = |i: &u64| intended(&shape, *i) + source.dice(*i).random_range(0..DELAY);
        assert!(numbers.is_sorted_by_key(at));
        let behind = numbers.iter().zip(0_u64..).map(|(i, turn)| turn as i64 - *i as i64);
        // About 5,000 are on their way at any time.
        let behind: Vec<i64> = behind.skip(20_000).take(20_000).collect();
        assert!(behind.iter().all(|behind| (-6_000..6_000).contains(behind)));
        assert!(behind.iter().any(|behind| *behind > 4_000) && behind.iter().any(|behind| *behind < -4_000));
    }

    #[test]
    fn accounts_are_drawn_evenly_and_some_transfers_are_to_oneself() {
        let events = transfers(&shape(20_000));
        let mut from: HashMap<&str, u32> = HashMap::new();
        events.iter().for_each(|event| *from.entry(&event.from).or_default() += 1);
        assert!(from.len() == 10 && from.values().all(|count| (1_800..2_200).contains(count)), "{from:?}");
        let own = events.iter().filter(|event| event.from == event.to).count();
        assert!((1_800..2_200).contains(&own), "{own}");
        assert!(events.iter().all(|event| event.amount == 1));
    }

    #[test]
    fn a_later_shape_has_other_transfers_and_odd_ones_are_survived() {
        let later = Shape { first_sequence: 500, ..shape(500) };
        let names: HashSet<Name> =
            transfers(&shape(500)).into_iter().chain(transfers(&later)).map(|event| event.transfer).collect();
        assert_eq!(names.len(), 1_000);
        assert_eq!(transfers(&Shape { keys: 0, rate: 1e9, ..shape(100) }).len(), 100);
    }
}
