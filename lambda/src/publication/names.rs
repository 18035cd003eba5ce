//! Customers or symbols in their order, looked up in the bytes as they lie in the file.
//!
//! ```text
//! names u32, ends names x u32, the names one after the other      little endian, UTF-8
//! ```
//!
//! A name's place in the order is its *rank*.

use std::cmp::Ordering;

use workloads::Name;

use super::Part;

/// The names of one publication.
#[derive(Debug)]
pub(crate) struct Names {
    bytes: Vec<u8>,
    count: usize,
}

/// The bytes that hold `names`, which are in their order.
pub(crate) fn bytes(names: impl ExactSizeIterator<Item: AsRef<str>> + Clone) -> Part {
    let rows = names.len() as u64;
    let mut out = Vec::with_capacity(4 + 16 * names.len());
    out.extend_from_slice(&(names.len() as u32).to_le_bytes());
    let mut end = 0u32;
    for name in names.clone() {
        end += name.as_ref().len() as u32;
        out.extend_from_slice(&end.to_le_bytes());
    }
    names.for_each(|name| out.extend_from_slice(name.as_ref().as_bytes()));
    Part { bytes: out, more: Vec::new(), rows }
}

impl Names {
    /// The names that `bytes` hold; absent if they hold something else.
    pub(crate) fn open(bytes: Vec<u8>) -> Option<Self> {
        let count = u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
        let names = Names { bytes, count };
        let whole = 4 + 4 * count + names.end(count) == names.bytes.len();
        whole.then_some(names)
    }

    /// Number of names.
    pub(crate) fn len(&self) -> u32 {
        self.count as u32
    }

    /// The name of that rank.
    pub(crate) fn name(&self, rank: u32) -> Name {
        String::from_utf8_lossy(self.text(rank as usize)).into()
    }

    /// All names, in their order.
    pub(crate) fn all(&self) -> impl Iterator<Item = Name> + '_ {
        (0..self.len()).map(|rank| self.name(rank))
    }

    /// The rank of a name, if it is there.
    pub(crate) fn rank(&self, name: &str) -> Option<u32> {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low.midpoint(high);
            match self.text(middle).cmp(name.as_bytes()) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return Some(middle as u32),
            }
        }
        None
    }

    fn text(&self, rank: usize) -> &[u8] {
        let text = 4 + 4 * self.count;
        &self.bytes[text + self.end(rank)..text + self.end(rank + 1)]
    }

    /// Where the first `rank` names end.
    fn end(&self, rank: usize) -> usize {
        let at = 4 * rank;
        match rank {
            0 => 0,
            _ => self
                .bytes
                .get(at..at + 4)
                .map_or(0, |end| u32::from_le_bytes([end[0], end[1], end[2], end[3]]) as usize),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_its_rank_lead_to_each_other() {
        let sorted: Vec<Name> = ["", "Ali", "Zoë", "a name that is longer than most"].map(Name::from).into();
        let names = Names::open(bytes(sorted.iter()).bytes).unwrap();
        for (rank, name) in sorted.iter().enumerate() {
            assert_eq!(names.rank(name), Some(rank as u32));
            assert_eq!(names.name(rank as u32), *name);
        }
        assert_eq!(names.rank("Bob"), None);
        assert_eq!(names.len(), 4);
        assert!(Names::open(vec![1, 0]).is_none());
    }
}
