//! A list that grows without moving anything, and fills gaps before it grows.

use std::collections::VecDeque;
use std::ops::{Index, IndexMut};

/// Places that are made at once.
const BLOCK: usize = 1024;

/// Things at places that stay theirs until they are given up.
pub(super) struct Blocks<T> {
    blocks: Vec<Vec<T>>,
    /// Places that were given up. The first to be given up is the first to be taken.
    gaps: VecDeque<u32>,
}

impl<T> Default for Blocks<T> {
    fn default() -> Self {
        Blocks { blocks: Vec::new(), gaps: VecDeque::new() }
    }
}

impl<T> Blocks<T> {
    /// Puts something into a gap, if there is one and gaps may be filled, or else at the end; says where.
    #[inline]
    pub(super) fn put(&mut self, thing: T, fill: bool) -> u32 {
        if let Some(gap) = if fill { self.gaps.pop_front() } else { None } {
            self[gap] = thing;
            return gap;
        }
        let place = self.length();
        if (place as usize).is_multiple_of(BLOCK) {
            self.blocks.push(Vec::with_capacity(BLOCK));
        }
        let block = self.blocks.last_mut().expect("a block was made for the first of its places");
        block.push(thing);
        place
    }

    /// Gives up a place. What was there stays until another takes it.
    pub(super) fn give_up(&mut self, place: u32) {
        self.gaps.push_back(place);
    }

    /// Places there are, given up or not.
    #[inline]
    pub(super) fn length(&self) -> u32 {
        let full = self.blocks.len().saturating_sub(1) * BLOCK;
        let places = full + self.blocks.last().map_or(0, Vec::len);
        u32::try_from(places).expect("fewer than 2^32 things lie in memory")
    }
}

impl<T> Index<u32> for Blocks<T> {
    type Output = T;

    #[inline]
    fn index(&self, place: u32) -> &T {
        &self.blocks[place as usize / BLOCK][place as usize % BLOCK]
    }
}

impl<T> IndexMut<u32> for Blocks<T> {
    #[inline]
    fn index_mut(&mut self, place: u32) -> &mut T {
        &mut self.blocks[place as usize / BLOCK][place as usize % BLOCK]
    }
}
