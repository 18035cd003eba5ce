//! Customers and symbols as small numbers, each at the worker where it is at home.

use hashbrown::HashTable;
use workloads::partition::PartitionBy;
use workloads::{Meta, Name};

use crate::flow::fold::{hash, hash_text};
use crate::snapshot::Met;

/// Where names are at home: each at one worker, the same in every run with as many workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Homes {
    workers: usize,
    /// Of a log whose records come to the worker at which their names are at home.
    partitions: Option<u32>,
}

impl Homes {
    /// Spread evenly over the workers.
    pub(crate) fn spread(workers: usize) -> Self {
        Homes { workers, partitions: None }
    }

    /// Where the partitions of a log that is partitioned by name lead its records, if that spreads them evenly: partition
    /// p belongs to worker p modulo their number.
    pub(crate) fn along(partitions: u32, workers: usize) -> Self {
        let even = (partitions as usize).is_multiple_of(workers.max(1));
        Homes { workers, partitions: even.then_some(partitions) }
    }

    /// What suits a log.
    pub(crate) fn of_log(log: &Meta, workers: usize) -> Self {
        match log.partition_by {
            PartitionBy::Key => Homes::along(log.partitions, workers),
            PartitionBy::RoundRobin => Homes::spread(workers),
        }
    }

    /// The worker of a name.
    pub(crate) fn of(&self, name: &Name) -> usize {
        match self.partitions {
            _ if self.workers == 1 => 0,
            Some(number) => {
                PartitionBy::Key.partition(name.as_bytes(), None, 0, number) as usize % self.workers
            }
            None => (hash_text(name) % self.workers as u64) as usize,
        }
    }
}

/// The names at home at one worker, and others where acts are spread over the workers, numbered in the order of meeting. A
/// number never changes and is never given up.
#[derive(Debug)]
pub struct Names {
    homes: Homes,
    here: usize,
    /// With a part of each name's hash, so that few names are looked at, and none when the table grows: the table is
    /// much smaller than the names, and they lie in the order in which they are likely to be used.
    numbers: HashTable<(u32, u32)>,
    names: Vec<Name>,
}

/// What is kept of a name's hash.
#[inline]
fn part(name: &str) -> u32 {
    hash_text(name) as u32
}

/// The hash that a part of one stands for.
#[inline]
fn whole(part: u32) -> u64 {
    hash(&part)
}

impl Names {
    /// None yet, at the worker `here`.
    pub(crate) fn new(homes: Homes, here: usize) -> Self {
        Names { homes, here, numbers: HashTable::new(), names: Vec::new() }
    }

    /// The number of a name that is at home here, a new one if it has none; of another the worker where it is at home.
    #[inline]
    pub(crate) fn meet(&mut self, name: &Name) -> Result<u32, usize> {
        if let Some(number) = self.known(name) {
            return Ok(number);
        }
        let home = self.homes.of(name);
        if home == self.here { Ok(self.add(name)) } else { Err(home) }
    }

    /// The worker where the name of a number is at home.
    pub(crate) fn home(&self, number: u32) -> usize {
        self.homes.of(&self.names[number as usize])
    }

    /// The worker to which a key without a name is led.
    pub(crate) fn led(&self, home: u64) -> usize {
        (hash(&home) % self.homes.workers as u64) as usize
    }

    /// The number of a name that came here, a new one if it has none: because it is at home here, or where names are met
    /// that are not.
    #[inline]
    pub(crate) fn number(&mut self, name: &Name) -> u32 {
        self.known(name).unwrap_or_else(|| self.add(name))
    }

    /// The number of a name that another worker wrote, where names are met that are not at home.
    pub(crate) fn met(&mut self, name: &Name) -> Met {
        let number = self.number(name);
        if self.homes.of(name) == self.here { Met::Here(number) } else { Met::Known(number) }
    }

    #[cold]
    fn add(&mut self, name: &Name) -> u32 {
        let number = u32::try_from(self.names.len()).expect("fewer than 2^32 names fit into memory");
        self.names.push(name.clone());
        let part = part(name);
        self.numbers.insert_unique(whole(part), (part, number), |(part, _)| whole(*part));
        number
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u32 {
        self.names.len() as u32
    }

    /// Names from a number on, in the order of their numbers.
    pub(crate) fn from(&self, number: u32) -> impl Iterator<Item = &Name> {
        self.names.iter().skip(number as usize)
    }

    /// The number of a name that was met before.
    #[inline]
    pub fn known(&self, name: &str) -> Option<u32> {
        let part = part(name);
        let same = |held: &(u32, u32)| held.0 == part && self.names[held.1 as usize] == *name;
        self.numbers.find(whole(part), same).map(|(_, number)| *number)
    }

    /// All of them, by their numbers.
    pub(crate) fn all(&self) -> &[Name] {
        &self.names
    }

    /// The name of a number that was given out here.
    pub fn name(&self, number: u32) -> &str {
        &self.names[number as usize]
    }
}

#[cfg(test)]
mod tests {
    use workloads::Codec;
    use workloads::partition::murmur2;

    use super::*;

    fn homes(partition_by: PartitionBy, partitions: u32, workers: usize) -> Homes {
        let (workload, made_by) = ("orders".to_owned(), "a test".to_owned());
        Homes::of_log(&Meta { workload, codec: Codec::Bin, partitions, partition_by, made_by }, workers)
    }

    #[test]
    fn a_name_is_at_home_where_its_partition_is_read() {
        let homes = homes(PartitionBy::Key, 6, 3);
        for number in 0..100 {
            let name = Name::from(format!("customer {number}"));
            let partition = (murmur2(name.as_bytes()) & 0x7fff_ffff) % 6;
            assert_eq!(homes.of(&name), partition as usize % 3);
        }
    }

    #[test]
    fn names_are_spread_where_partitions_do_not_say_or_not_evenly() {
        assert_eq!(homes(PartitionBy::RoundRobin, 6, 3), Homes::spread(3));
        assert_eq!(homes(PartitionBy::Key, 4, 3), Homes::spread(3));
        let mut here = [0; 3];
        (0..3_000).for_each(|number| here[Homes::spread(3).of(&Name::from(number.to_string()))] += 1);
        assert!(here.iter().all(|names| (800..1_200).contains(names)), "{here:?}");
    }

    #[test]
    fn every_name_is_numbered_where_it_is_at_home() {
        let homes = Homes::spread(2);
        let mut tables = [Names::new(homes, 0), Names::new(homes, 1)];
        for text in ["Ali", "Bea", "Cid", "Ali", "Dov"] {
            let name = Name::from(text);
            let home = homes.of(&name);
            let number = tables[home].meet(&name).expect("it is at home here");
            assert_eq!(tables[1 - home].meet(&name), Err(home));
            assert_eq!(tables[home].number(&name), number);
            assert_eq!(tables[home].known(text), Some(number));
            assert_eq!(tables[home].name(number), text);
            assert_eq!(tables[1 - home].known(text), None);
        }
    }
}
