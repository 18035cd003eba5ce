//! Talk from a seed: lines of words from a skewed vocabulary, some of them said later than their neighbours.
//!
//! A word follows from its number alone, so that a later shape with the same seed and keys goes on where an earlier
//! one ended.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Zipf};

use crate::dice::{base, dice, intended};
use crate::event::{Event, Millis, Name, Origin, WordEvent};
use crate::{Draft, Shape};

/// Words of two neighbouring lines together.
const LINES: u64 = 12;
/// Streams of the dice of lines; those below are the words'.
const SPEAKERS: u64 = 1 << 63;
/// How far back, at most, the time of a line lies that came late.
const LATE: Millis = 5_000;

/// The events of a seeded run.
pub(super) fn generate(shape: &Shape) -> Box<dyn Iterator<Item = Draft> + Send> {
    let source = Source {
        base: base(shape.seed),
        ranks: Zipf::new(f64::from(shape.keys.max(1)), 1.0).expect("at least one word and a positive skew"),
        shape: shape.clone(),
    };
    Box::new((0..shape.events).map(move |i| source.draft(i)))
}

struct Source {
    base: ChaCha8Rng,
    ranks: Zipf<f64>,
    shape: Shape,
}

impl Source {
    fn draft(&self, i: u64) -> Draft {
        let number = self.shape.first_sequence + i;
        let rank = self.ranks.sample(&mut dice(&self.base, number)) as u32;
        let event = Event::Word(WordEvent { word: word(rank), time: self.time(number) });
        let origin = Some(Origin { source: 0, sequence: number });
        Draft { origin, intended: intended(&self.shape, i), event }
    }

    /// When the line was said that the word of that number stands in: the words of a line share it.
    fn time(&self, number: u64) -> Millis {
        let mut dice = dice(&self.base, SPEAKERS | (number / LINES));
        let cut = dice.random_range(1..LINES);
        let (mut first, mut late) = (number - number % LINES, [(); 2].map(|()| lateness(&mut dice)));
        if number - first >= cut {
            first += cut;
            late.swap(0, 1);
        }
        let after = first as f64 - self.shape.first_sequence as f64;
        self.shape.start.saturating_add((after * 1e3 / self.shape.rate) as Millis).saturating_sub(late[0])
    }
}

/// One line in ten comes late.
fn lateness(dice: &mut ChaCha8Rng) -> Millis {
    if dice.random_bool(0.1) { dice.random_range(0..LATE) } else { 0 }
}

/// The words of the seed's line, which are said most.
const FIRST: [&str; 4] = ["hello", "kafka", "and", "zookeeper!"];

const CONSONANTS: &[u8; 16] = b"bcdfghjklmnprstv";
const VOWELS: &[u8; 5] = b"aeiou";

/// The word of a rank, from 1: made of as many syllables as tell it apart, two at least.
fn word(rank: u32) -> Name {
    let rank = rank.max(1) as usize - 1;
    if let Some(word) = FIRST.get(rank) {
        return Name::new(word);
    }
    let (mut left, mut word) = (rank - FIRST.len(), Name::default());
    while left > 0 || word.len() < 4 {
        let syllable = left % (CONSONANTS.len() * VOWELS.len());
        word.push(char::from(CONSONANTS[syllable / VOWELS.len()]));
        word.push(char::from(VOWELS[syllable % VOWELS.len()]));
        left /= CONSONANTS.len() * VOWELS.len();
    }
    word
}

#[cfg(test)]
mod tests {
    use hashbrown::{HashMap, HashSet};

    use super::*;

    fn shape(events: u64) -> Shape {
        Shape {
            seed: 7,
            events,
            rate: 2_000.0,
            keys: 1_000,
            cancellations: 0.0,
            corrections: 0.0,
            start: 1_700_000_000_000,
            first_sequence: 0,
        }
    }

    fn words(shape: &Shape) -> Vec<WordEvent> {
        let of = |draft: Draft| match draft.event {
            Event::Word(word) => word,
            _ => unreachable!("words generate words"),
        };
        generate(shape).map(of).collect()
    }

    #[test]
    fn a_second_shape_goes_on_where_the_first_ended() {
        let first = shape(2_500);
        let second = Shape { first_sequence: 2_500, start: first.start + 1_250, ..shape(3_500) };
        let parts: Vec<WordEvent> = words(&first).into_iter().chain(words(&second)).collect();
        let near = |(one, other): (&WordEvent, &WordEvent)| {
            one.word == other.word && (one.time - other.time).abs() <= 1
        };
        assert!(words(&shape(6_000)).iter().zip(&parts).all(near));
    }

    #[test]
    fn the_first_words_are_said_most_and_every_rank_has_its_own() {
        let mut counts: HashMap<Name, u32> = HashMap::new();
        words(&shape(50_000)).into_iter().for_each(|event| *counts.entry(event.word).or_default() += 1);
        assert!(counts["hello"] > 20 * counts[&word(100)] && counts.len() > 800, "{}", counts.len());
        let all: HashSet<Name> = (1..100_000).map(word).collect();
        assert_eq!(all.len(), 99_999);
    }

    #[test]
    fn lines_share_their_time_and_some_come_late() {
        let events = words(&shape(50_000));
        let steps: Vec<Millis> = events.windows(2).map(|pair| pair[1].time - pair[0].time).collect();
        let share = |which: fn(&&Millis) -> bool| steps.iter().filter(which).count() as f64 / 5e4;
        assert!((0.7..0.95).contains(&share(|step| **step == 0)));
        assert!((0.005..0.05).contains(&share(|step| **step < 0)));
        assert!(steps.iter().all(|step| step.abs() <= LATE + 10));
    }
}
