//! How far a snapshot of ordered rows has come, and what has changed of those that are not written.

use std::collections::BTreeMap;

/// Of rows that are written in the order of their keys.
#[derive(Clone, Debug)]
pub(crate) struct Saving<K, V> {
    /// What has changed beyond `after`, as it was; absent if there was nothing.
    aside: BTreeMap<K, Option<V>>,
    /// The last key that was written.
    after: Option<K>,
}

impl<K, V> Default for Saving<K, V> {
    fn default() -> Self {
        Saving { aside: BTreeMap::new(), after: None }
    }
}

impl<K: Copy + Ord, V: Clone> Saving<K, V> {
    /// What `key` has is about to change: puts aside what it `was`.
    pub(crate) fn put_aside(&mut self, key: K, was: impl FnOnce() -> Option<V>) {
        if self.after.is_none_or(|after| key > after) {
            self.aside.entry(key).or_insert_with(was);
        }
    }

    /// The last key that was written.
    pub(crate) fn after(&self) -> Option<K> {
        self.after
    }

    /// Hands on what there was when it began, out of what there is `now` beyond [`Saving::after`], until `more` has
    /// enough; false when nothing is left.
    pub(crate) fn write(
        &mut self,
        now: impl Iterator<Item = (K, V)>,
        mut more: impl FnMut(&K, &V) -> bool,
    ) -> bool {
        let mut now = now.peekable();
        loop {
            let then = self.aside.first_key_value().map(|(key, _)| *key);
            let aside = match (now.peek(), then) {
                (Some((one, _)), Some(other)) => other <= *one,
                (Some(_), None) => false,
                (None, Some(_)) => true,
                (None, None) => return false,
            };
            let row = if aside {
                let Some((key, was)) = self.aside.pop_first() else { return false };
                now.next_if(|(same, _)| *same == key);
                was.map(|was| (key, was))
            } else {
                now.next()
            };
            let Some((key, value)) = row else { continue };
            if !more(&key, &value) {
                self.after = Some(key);
                return true;
            }
        }
    }
}
