//! Telling a record from one that was seen before.

use std::hash::{DefaultHasher, Hash, Hasher};

use hashbrown::{HashMap, HashSet};

use crate::event::{Event, Origin};
use crate::terms::Dedup;

/// Sequences of one page: 256 runs of 64, the runs that are four apart. Feeds that number a few trades a frame
/// use one run in four, and so one page in four.
type Page = [u64; WORDS];

const WORDS: usize = 256;

/// Marks a snapshot, with the number of its layout at the end.
const MAGIC: &[u8; 8] = b"SEEN\0\0\0\x01";

/// What has been seen of each partition, by what the terms say. Offsets are their reader's to know: a record that
/// is delivered twice at one offset must not come here twice.
#[derive(Clone, Debug)]
pub struct Duplicates {
    dedup: Dedup,
    partitions: Vec<Seen>,
}

#[derive(Clone, Debug, Default)]
struct Seen {
    numbers: HashMap<PageKey, usize>,
    #[expect(clippy::vec_box, reason = "a list that grows must not copy megabytes while records wait")]
    pages: Vec<Box<Page>>,
    /// The page used last, for each of the four that neighbouring sequences alternate between.
    recent: [Option<(PageKey, usize)>; 4],
    contents: HashSet<u128>,
}

/// Source, and which of its pages.
type PageKey = (u32, u64);

/// Why a snapshot cannot be taken up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what was seen cannot be restored: {0}; start again from the beginning of the log")]
pub struct SnapshotError(&'static str);

impl Duplicates {
    /// Nothing seen yet.
    pub fn new(dedup: Dedup) -> Self {
        Duplicates { dedup, partitions: Vec::new() }
    }

    /// By what records are recognised.
    pub fn dedup(&self) -> Dedup {
        self.dedup
    }

    /// Whether nothing like this was seen in its partition; from now on it was.
    pub fn first(&mut self, partition: u32, origin: Option<Origin>, event: &Event) -> bool {
        // rule: O12 T14
        match self.dedup {
            Dedup::None | Dedup::Offset => true,
            Dedup::Origin => self.first_origin(partition, origin),
            Dedup::Content => self.seen(partition).contents.insert(fingerprint(event)),
        }
    }

    /// The same for a caller that has the origin at hand but not the event. True for what only the event can tell.
    pub fn first_origin(&mut self, partition: u32, origin: Option<Origin>) -> bool {
        match origin {
            Some(origin) if self.dedup == Dedup::Origin => self.seen(partition).origin(origin),
            _ => true,
        }
    }

    /// Takes over what another has seen after this one, of a later part of each partition. Gives what both have seen:
    /// the later one took it for new.
    pub fn absorb(&mut self, later: Duplicates) -> Duplicates {
        let mut both = Duplicates::new(self.dedup);
        for (partition, later) in (0..).zip(later.partitions) {
            let common = self.seen(partition).absorb(later);
            if !common.pages.is_empty() || !common.contents.is_empty() {
                *both.seen(partition) = common;
            }
        }
        both
    }

    /// Forgets what was seen of all partitions but these.
    pub fn keep(&mut self, partitions: &[u32]) {
        let others = (0..).zip(&mut self.partitions).filter(|(partition, _)| !partitions.contains(partition));
        others.for_each(|(_, seen)| *seen = Seen::default());
    }

    /// Whether nothing was seen.
    pub fn is_empty(&self) -> bool {
        self.partitions.iter().all(|seen| seen.pages.is_empty() && seen.contents.is_empty())
    }

    /// Bytes of memory that it takes, nearly.
    pub fn bytes(&self) -> usize {
        let page = size_of::<Page>() + size_of::<(PageKey, usize)>() + size_of::<Box<Page>>();
        let sizes = self.partitions.iter();
        sizes.map(|seen| seen.pages.len() * page + seen.contents.capacity() * size_of::<u128>()).sum()
    }

    fn seen(&mut self, partition: u32) -> &mut Seen {
        let partition = partition as usize;
        if partition >= self.partitions.len() {
            self.partitions.resize_with(partition + 1, Seen::default);
        }
        &mut self.partitions[partition]
    }

    /// Everything that was seen, for [`Duplicates::restore`]. The same for the same things seen in the same order.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.push(self.dedup as u8);
        put(&mut out, self.partitions.len() as u64);
        for seen in &self.partitions {
            seen.snapshot(&mut out);
        }
        out
    }

    /// Takes up a snapshot again.
    pub fn restore(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let Some((dedup, rest)) = bytes.strip_prefix(MAGIC).and_then(|rest| rest.split_first()) else {
            return Err(SnapshotError("it is not a snapshot of this version"));
        };
        let all = [Dedup::None, Dedup::Offset, Dedup::Origin, Dedup::Content];
        let known = all.into_iter().find(|known| *known as u8 == *dedup);
        let mut from = Words(rest);
        let mut partitions = Vec::new();
        for _ in 0..from.next()? {
            partitions.push(Seen::restore(&mut from)?);
        }
        match (known, from.0) {
            (Some(dedup), []) => Ok(Duplicates { dedup, partitions }),
            _ => Err(SnapshotError("it does not end where it should")),
        }
    }
}

impl Seen {
    fn origin(&mut self, origin: Origin) -> bool {
        let quarter = (origin.sequence >> 6) & 3;
        let key = (origin.source, (origin.sequence >> 16) << 2 | quarter);
        let page = match self.recent[quarter as usize] {
            Some((recent, page)) if recent == key => page,
            _ => self.turn_to(key, quarter as usize),
        };
        let word = &mut self.pages[page][(origin.sequence >> 8) as usize % WORDS];
        let bit = 1 << (origin.sequence % 64);
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    fn turn_to(&mut self, key: PageKey, quarter: usize) -> usize {
        let next = self.pages.len();
        let page = *self.numbers.entry(key).or_insert(next);
        if page == next {
            self.pages.push(Box::new([0; WORDS]));
        }
        self.recent[quarter] = Some((key, page));
        page
    }

    /// Takes over what another has seen later, and gives what both have.
    fn absorb(&mut self, later: Seen) -> Seen {
        let mut common = Seen::default();
        let mut keys: Vec<_> = later.numbers.into_iter().collect();
        keys.sort_unstable_by_key(|(_, page)| *page);
        for ((key, _), page) in keys.into_iter().zip(later.pages) {
            let next = self.pages.len();
            let number = *self.numbers.entry(key).or_insert(next);
            if number == next {
                self.pages.push(page);
                continue;
            }
            let mut both = Box::new([0; WORDS]);
            for ((mine, new), both) in self.pages[number].iter_mut().zip(*page).zip(both.iter_mut()) {
                *both = *mine & new;
                *mine |= new;
            }
            if both.iter().any(|word| *word != 0) {
                common.numbers.insert(key, common.pages.len());
                common.pages.push(both);
            }
        }
        common.contents =
            later.contents.into_iter().filter(|content| !self.contents.insert(*content)).collect();
        common
    }

    fn snapshot(&self, out: &mut Vec<u8>) {
        let mut keys: Vec<_> = self.numbers.iter().collect();
        keys.sort_by_key(|(_, page)| **page);
        put(out, keys.len() as u64);
        for ((source, page), number) in keys {
            put(out, u64::from(*source));
            put(out, *page);
            self.pages[*number].iter().for_each(|word| put(out, *word));
        }
        let mut contents: Vec<u128> = self.contents.iter().copied().collect();
        contents.sort_unstable();
        put(out, contents.len() as u64);
        for content in contents {
            put(out, content as u64);
            put(out, (content >> 64) as u64);
        }
    }

    fn restore(from: &mut Words<'_>) -> Result<Self, SnapshotError> {
        let mut seen = Seen::default();
        for number in 0..from.next()? {
            let source =
                u32::try_from(from.next()?).map_err(|_| SnapshotError("a source is out of range"))?;
            seen.numbers.insert((source, from.next()?), number as usize);
            let mut page = Box::new([0; WORDS]);
            for word in page.iter_mut() {
                *word = from.next()?;
            }
            seen.pages.push(page);
        }
        for _ in 0..from.next()? {
            let low = from.next()?;
            seen.contents.insert(u128::from(low) | u128::from(from.next()?) << 64);
        }
        Ok(seen)
    }
}

fn put(out: &mut Vec<u8>, word: u64) {
    out.extend_from_slice(&word.to_le_bytes());
}

/// The rest of a snapshot.
struct Words<'a>(&'a [u8]);

impl Words<'_> {
    fn next(&mut self) -> Result<u64, SnapshotError> {
        let (word, rest) = self.0.split_first_chunk().ok_or(SnapshotError("it was cut short"))?;
        self.0 = rest;
        Ok(u64::from_le_bytes(*word))
    }
}

/// 128 bits, so that two of a billion different events agree by chance once in 10^20 logs.
fn fingerprint(event: &Event) -> u128 {
    let half = |salt: u64| {
        let mut hasher = DefaultHasher::new();
        salt.hash(&mut hasher);
        event.hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{OrderEvent, OrderKind};

    fn event(order: u64) -> Event {
        let customer = "Ali".into();
        Event::Order(OrderEvent { kind: OrderKind::Placed, customer, order, amount: 12_000, time: 0 })
    }

    fn origin(source: u32, sequence: u64) -> Option<Origin> {
        Some(Origin { source, sequence })
    }

    #[test]
    fn an_origin_is_new_once_in_each_partition() {
        let mut seen = Duplicates::new(Dedup::Origin);
        for sequence in [0, 63, 64, 65_535, 65_536, 1 << 40, u64::MAX] {
            for source in [0, 1, u32::MAX] {
                assert!(seen.first(1, origin(source, sequence), &event(1)));
                assert!(!seen.first(1, origin(source, sequence), &event(2)));
                assert!(seen.first(0, origin(source, sequence), &event(1)));
            }
        }
        assert!(seen.first(0, None, &event(1)) && seen.first(0, None, &event(1)));
    }

    #[test]
    fn parts_seen_apart_are_what_was_seen_in_one_go() {
        for dedup in [Dedup::None, Dedup::Origin, Dedup::Content] {
            let numbers: Vec<u64> = (0..3_000).map(|i| i * i % 7_919 * 97).collect();
            let mut whole = Duplicates::new(dedup);
            let mut joined = Duplicates::new(dedup);
            for part in numbers.chunks(500) {
                let first = |seen: &mut Duplicates, n: u64| seen.first(0, origin(n as u32 % 2, n), &event(n));
                let expected: Vec<bool> = part.iter().map(|n| first(&mut whole, *n)).collect();
                let mut later = Duplicates::new(dedup);
                part.iter().for_each(|n| _ = first(&mut later, *n));
                // What both have seen, and what came twice in the later part, is told by going over it once more.
                let mut both = joined.absorb(later);
                assert_eq!(part.iter().map(|n| first(&mut both, *n)).collect::<Vec<_>>(), expected);
            }
            assert_eq!(joined.snapshot(), whole.snapshot());
            assert_eq!(joined.is_empty(), dedup == Dedup::None);
        }
    }

    #[test]
    fn content_is_every_field_and_nothing_else() {
        let mut seen = Duplicates::new(Dedup::Content);
        assert!(seen.first(0, origin(0, 1), &event(1)));
        assert!(!seen.first(0, origin(0, 2), &event(1)));
        assert!(seen.first(0, origin(0, 1), &event(2)));
        assert!(seen.first(1, origin(0, 1), &event(1)));
    }

    #[test]
    fn a_snapshot_remembers_everything() {
        for dedup in [Dedup::None, Dedup::Offset, Dedup::Origin, Dedup::Content] {
            let mut seen = Duplicates::new(dedup);
            for number in (0..200_000).step_by(77) {
                seen.first((number % 3) as u32, origin(number as u32 % 2, number), &event(number));
            }
            let bytes = seen.snapshot();
            let mut again = Duplicates::restore(&bytes).expect("a whole snapshot");
            assert_eq!(again.snapshot(), bytes);
            for number in 0..200_000 {
                let place = (number % 3) as u32;
                let from = origin(number as u32 % 2, number);
                let expected = seen.first(place, from, &event(number));
                assert_eq!(again.first(place, from, &event(number)), expected, "{dedup:?} {number}");
            }
            assert!(Duplicates::restore(&bytes[..bytes.len() - 1]).is_err());
        }
        assert!(Duplicates::restore(b"something else").is_err());
    }
}
