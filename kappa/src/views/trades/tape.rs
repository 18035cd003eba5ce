//! The trades of a symbol in their order: which is last, and which was the last at another price.

use workloads::{Millis, Place};

/// Trades of one block. What is inserted or removed moves no more of them than this.
const BLOCK: usize = 64;

/// What decides which trade is last.
pub(super) type Moment = (Millis, Place);

/// A trade in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sale {
    pub(super) moment: Moment,
    pub(super) price: i64,
}

/// The trades in force, and of them the last and the last before it at another price. Nearly all come at the end.
#[derive(Debug, Default)]
pub(super) struct Tape {
    blocks: Vec<Block>,
    /// With which each of them begins: to find one, the others need not be looked at.
    starts: Vec<Moment>,
    last: Option<Sale>,
    previous: Option<Sale>,
}

/// Neighbours in ascending order. There are some.
#[derive(Debug)]
struct Block {
    sales: Vec<Sale>,
    low: i64,
    high: i64,
}

impl Tape {
    /// The last trade, and the last before it at another price.
    pub(super) fn latest(&self) -> (Option<Sale>, Option<Sale>) {
        (self.last, self.previous)
    }

    /// The trades after a moment, all of them without one, in their order.
    pub(super) fn after(&self, moment: Option<Moment>) -> impl Iterator<Item = Sale> + '_ {
        let first = moment.map_or(0, |moment| self.block(moment));
        let sales = self.blocks[first.min(self.blocks.len())..].iter().flat_map(|block| &block.sales);
        sales.copied().skip_while(move |sale| moment.is_some_and(|moment| sale.moment <= moment))
    }

    /// Counts a trade in; whether that changes the latest. What was delivered twice has one moment, and is there once.
    pub(super) fn insert(&mut self, sale: Sale) -> bool {
        let at = self.block(sale.moment);
        if self.last.is_some_and(|last| sale.moment <= last.moment) && self.blocks[at].holds(sale.moment) {
            return false;
        }
        match self.blocks.get_mut(at) {
            Some(block) => {
                let upper = block.insert(sale);
                self.starts[at] = block.sales[0].moment;
                if let Some(upper) = upper {
                    self.starts.insert(at + 1, upper.sales[0].moment);
                    self.blocks.insert(at + 1, upper);
                }
            }
            None => {
                self.starts.push(sale.moment);
                self.blocks.push(Block::new(vec![sale]));
            }
        }
        match self.last {
            Some(last) if sale.moment > last.moment => {
                self.previous = if sale.price == last.price { self.previous } else { Some(last) };
                self.last = Some(sale);
            }
            Some(last) => {
                let passed = self.previous.is_some_and(|previous| sale.moment < previous.moment);
                if passed || sale.price == last.price {
                    return false;
                }
                self.previous = Some(sale);
            }
            None => self.last = Some(sale),
        }
        true
    }

    /// Counts the trade of a moment out; whether that changes the latest.
    pub(super) fn remove(&mut self, moment: Moment) -> bool {
        let at = self.block(moment);
        let Some(block) = self.blocks.get_mut(at) else { return false };
        block.remove(moment);
        match block.sales.first() {
            Some(first) => self.starts[at] = first.moment,
            None => {
                self.blocks.remove(at);
                self.starts.remove(at);
            }
        }
        let is = |sale: Option<Sale>| sale.is_some_and(|sale| sale.moment == moment);
        if !is(self.last) && !is(self.previous) {
            return false;
        }
        self.last = self.blocks.last().and_then(|block| block.sales.last().copied());
        self.previous = self.last.and_then(|last| before_at_another(&self.blocks, last.price));
        true
    }

    /// Trades before this time are not removed any more, and none is inserted. Of them only the last can become the last of
    /// all, and only it or the last before it at another price the previous one: the others are forgotten, by whole blocks.
    pub(super) fn forget(&mut self, before: Millis) {
        let is_old = |block: &Block| block.sales.last().is_none_or(|last| last.moment.0 < before);
        // Blocks are in their order.
        let old = self.blocks.iter().take_while(|block| is_old(block)).count();
        let last = |block: &Block| block.sales.last().copied();
        let Some(last) = self.blocks[..old].last().and_then(last).filter(|_| old > 1) else { return };
        let previous = before_at_another(&self.blocks[..old], last.price);
        let kept = Block::new(previous.into_iter().chain([last]).collect());
        self.starts.splice(..old, [kept.sales[0].moment]);
        self.blocks.splice(..old, [kept]);
    }

    /// The last block that begins at or before a moment, or else the first.
    fn block(&self, moment: Moment) -> usize {
        match self.starts.last() {
            Some(last) if *last <= moment => self.starts.len() - 1,
            _ => self.starts.partition_point(|start| *start <= moment).saturating_sub(1),
        }
    }
}

/// The last trade at another price than this. Blocks of this price alone are passed over whole.
fn before_at_another(blocks: &[Block], price: i64) -> Option<Sale> {
    let mixed = blocks.iter().rev().find(|block| (block.low, block.high) != (price, price))?;
    mixed.sales.iter().rev().find(|sale| sale.price != price).copied()
}

impl Block {
    fn new(sales: Vec<Sale>) -> Self {
        let mut block = Block { sales, low: 0, high: 0 };
        block.measure();
        block
    }

    /// The upper part, when the block has become too large for one.
    fn insert(&mut self, sale: Sale) -> Option<Block> {
        (self.low, self.high) = (self.low.min(sale.price), self.high.max(sale.price));
        if self.sales.last().is_some_and(|last| last.moment <= sale.moment) {
            if self.sales.len() == BLOCK {
                let mut upper = Vec::with_capacity(BLOCK);
                upper.push(sale);
                return Some(Block::new(upper)).inspect(|_| self.measure());
            }
            self.sales.push(sale);
            return None;
        }
        let at = self.sales.partition_point(|held| held.moment <= sale.moment);
        self.sales.insert(at, sale);
        let upper = (self.sales.len() > BLOCK).then(|| Block::new(self.sales.split_off(BLOCK / 2)));
        upper.inspect(|_| self.measure())
    }

    fn holds(&self, moment: Moment) -> bool {
        self.sales.binary_search_by_key(&moment, |held| held.moment).is_ok()
    }

    fn remove(&mut self, moment: Moment) {
        if let Ok(at) = self.sales.binary_search_by_key(&moment, |held| held.moment) {
            let sale = self.sales.remove(at);
            if sale.price == self.low || sale.price == self.high {
                self.measure();
            }
        }
    }

    fn measure(&mut self) {
        let prices = || self.sales.iter().map(|sale| sale.price);
        (self.low, self.high) = (prices().min().unwrap_or(i64::MAX), prices().max().unwrap_or(i64::MIN));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn moment(time: i64) -> Moment {
        (time, Place { partition: 0, offset: 0 })
    }

    proptest! {
        #[test]
        fn the_latest_are_those_of_an_ordered_map(
            changes in proptest::collection::vec((0..3_000_i64, 0..3_i64, 0..4_u8, any::<bool>()), 0..3_000),
            forgets in any::<bool>(),
        ) {
            let (mut tape, mut truth) = (Tape::default(), BTreeMap::new());
            for (number, (time, price, kind, ascending)) in changes.into_iter().enumerate() {
                // Long stretches at one price, and at the end as well as in between.
                let price = if number % 2_000 < 900 { 1 } else { price };
                let time = if ascending { number as i64 } else { time };
                let before = tape.latest();
                let old = number as i64 - 600;
                if forgets && number % 7 == 0 {
                    tape.forget(old);
                }
                let time = if forgets { time.max(old) } else { time };
                let changed = if kind > 0 {
                    let price = *truth.entry(moment(time)).or_insert(price);
                    tape.insert(Sale { moment: moment(time), price })
                } else {
                    truth.remove(&moment(time));
                    tape.remove(moment(time))
                };
                let mut sales = truth.iter().rev().map(|(moment, price)| Sale { moment: *moment, price: *price });
                let last = sales.next();
                let latest = (last, sales.find(|sale| Some(sale.price) != last.map(|last| last.price)));
                prop_assert_eq!(tape.latest(), latest);
                prop_assert!(changed || before == latest);
            }
        }
    }
}
