//! What a worker that reads more than others gives them to carry out, so that all are done at about the same time.

/// Of so many records a worker's gifts are counted.
pub(crate) const BATCH: usize = 1024;

/// The other workers and how many of [`BATCH`] records' acts they get from the worker `here`, when each reads so many records.
/// To read one is `cost` times the work of carrying it out.
pub(crate) fn gifts(reads: &[u64], cost: u64, here: usize) -> Vec<(usize, usize)> {
    let (workers, all) = (reads.len().max(1) as u64, reads.iter().sum::<u64>());
    // So few are not worth the way.
    if all < BATCH as u64 {
        return Vec::new();
    }
    let carried = |read: u64| (all * (1 + cost) / workers).saturating_sub(read * cost);
    let excess = reads[here].saturating_sub(carried(reads[here]));
    let needs: Vec<u64> = reads.iter().map(|read| carried(*read).saturating_sub(*read)).collect();
    let need = u128::from(needs.iter().sum::<u64>().max(1)) * u128::from(reads[here].max(1));
    let gift = |needed: u64| (BATCH as u128 * u128::from(excess) * u128::from(needed) / need) as usize;
    needs.into_iter().map(gift).enumerate().filter(|(_, gift)| *gift > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_reads_more_gives_so_much_that_all_do_the_same_work() {
        assert_eq!(gifts(&[8_000, 2_000], 0, 0), [(1, 384)]);
        assert_eq!(gifts(&[8_000, 2_000], 0, 1), []);
        // 8 + 2 of the one are as much as 2 + 8 of the other.
        assert_eq!(gifts(&[8_000, 2_000], 1, 0), [(1, 768)]);
        assert_eq!(gifts(&[5_000, 5_000], 1, 0), []);
        assert_eq!(gifts(&[9_000, 0, 0], 0, 0), [(1, 341), (2, 341)]);
        assert_eq!(gifts(&[100, 0], 0, 0), []);
    }
}
