//! Which number a name has in the tables of a publication, and of every one that is made from it.
//!
//! ```text
//! names x u32, by the rank of the name      little endian
//! ```
//!
//! A rank says where a name stands among all, and is another as soon as a name comes before it. A number is given
//! once, in the order in which names appear, so that rows may stay as they are.

use super::Part;

/// The numbers of one publication.
#[derive(Debug)]
pub(crate) struct Numbers {
    numbers: Vec<u32>,
    ranks: Vec<u32>,
}

/// The bytes that hold the numbers, given by rank.
pub(crate) fn bytes(numbers: &[u32]) -> Part {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// The places in a list at which 0, 1 and so on stand.
pub(crate) fn turned(list: &[u32]) -> Vec<u32> {
    let mut turned = vec![0; list.len()];
    for (place, number) in (0..).zip(list) {
        turned[*number as usize] = place;
    }
    turned
}

impl Numbers {
    /// The numbers that `bytes` hold; absent if these are not so many, or none of their own for each.
    pub(crate) fn open(bytes: &[u8], names: u32) -> Option<Self> {
        let numbers: Vec<u32> =
            bytes.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        if bytes.len() != 4 * names as usize || numbers.iter().any(|number| *number >= names) {
            return None;
        }
        let ranks = turned(&numbers);
        let each = (0..).zip(&numbers).all(|(rank, number)| ranks[*number as usize] == rank);
        each.then_some(Numbers { numbers, ranks })
    }

    /// The number of the name of that rank; the same where there is no such name.
    pub(crate) fn number(&self, rank: u32) -> u32 {
        self.numbers.get(rank as usize).copied().unwrap_or(rank)
    }

    /// The rank of the name of that number; the same where there is no such name.
    pub(crate) fn rank(&self, number: u32) -> u32 {
        self.ranks.get(number as usize).copied().unwrap_or(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_its_rank_lead_to_each_other() {
        let numbers = Numbers::open(&bytes(&[2, 0, 1]).bytes, 3).unwrap();
        assert!((0..3).all(|rank| numbers.rank(numbers.number(rank)) == rank));
        for wrong in [&[0, 1][..], &[0, 0, 1], &[0, 1, 3]] {
            assert!(Numbers::open(&bytes(wrong).bytes, 3).is_none(), "{wrong:?}");
        }
    }
}
