//! Answers out of the arrangements: every view of one request at the same complete version.

use differential_dataflow::difference::{Monoid, Semigroup};
use differential_dataflow::operators::arrange::TraceAgent;
use differential_dataflow::trace::implementations::KeySpine;
use differential_dataflow::trace::{BatchCursor, Cursor, TraceReader, cursor::CursorList};
use timely::progress::Antichain;
use workloads::Rows;

use crate::keys::Key;
use crate::views::{Grouping, Question};

type Trace<G> = TraceAgent<KeySpine<<G as Grouping>::Key, u64, <G as Grouping>::Sum>>;

/// The sums of one grouping by key, as one worker holds them.
pub(crate) struct Arrangement<G: Grouping>(pub(crate) Trace<G>);

/// An arrangement, whatever it sums up.
pub trait Arranged {
    /// Whether it answers a view.
    fn answers(&self, view: &str) -> bool;
    /// The answer as of `time`, which is complete and has not been given up.
    fn rows(&mut self, time: u64, question: &Question<'_>) -> Rows;
    /// Gives up reading versions before `since`. Batches are merged as far as versions are complete: held back
    /// to `since` as well, every version in the window would stay a batch of its own.
    fn compact(&mut self, since: u64, frontier: u64);
}

impl<G: Grouping> Arranged for Arrangement<G> {
    fn answers(&self, view: &str) -> bool {
        G::VIEWS.contains(&view)
    }

    fn rows(&mut self, time: u64, question: &Question<'_>) -> Rows {
        let (cursor, batches) = self.0.cursor();
        G::rows(question, &mut Reader { cursor, batches, time })
    }

    fn compact(&mut self, since: u64, frontier: u64) {
        self.0.set_logical_compaction(Antichain::from_elem(since).borrow());
        self.0.set_physical_compaction(Antichain::from_elem(frontier).borrow());
    }
}

/// Goes through the keys of an arrangement in their order, as of one version. There is no way back.
pub struct Reader<G: Grouping> {
    cursor: CursorList<BatchCursor<Trace<G>>>,
    batches: Vec<<Trace<G> as TraceReader>::Batch>,
    time: u64,
}

impl<G: Grouping> Reader<G> {
    /// Goes on with `key`, or with the first after it.
    pub fn seek(&mut self, key: &G::Key) {
        self.cursor.seek_key(&self.batches, key);
    }

    /// The next key. It stays the next one.
    pub fn peek(&self) -> Option<G::Key> {
        self.cursor.get_key(&self.batches).copied()
    }
}

impl<G: Grouping> Iterator for Reader<G> {
    type Item = (G::Key, G::Sum);

    /// The next key and its sum, which is nothing if the key has had its day.
    #[inline]
    fn next(&mut self) -> Option<(G::Key, G::Sum)> {
        let key = self.peek()?;
        let (mut sum, time) = (G::Sum::zero(), self.time);
        self.cursor.map_times(&self.batches, |at, difference| {
            if *at <= time {
                sum.plus_equals(difference);
            }
        });
        self.cursor.step_key(&self.batches);
        Some((key, sum))
    }
}

/// The row of the key that is asked for, if it has one.
pub(crate) fn one<G: Grouping>(question: &Question<'_>, reader: &mut Reader<G>) -> Rows {
    let mut row = || {
        let text = question.key?;
        let key = G::Key::parse(text, question.names)?;
        reader.seek(&key);
        let (_, sum) = reader.next().filter(|(found, _)| *found == key)?;
        Some((text.to_owned(), G::row(question.view, &sum, question.terms)?))
    };
    row().into_iter().collect()
}

/// Every row.
pub(crate) fn every<G: Grouping>(question: &Question<'_>, reader: &mut Reader<G>) -> Rows {
    let rows = reader.filter_map(|(key, sum)| {
        let row = G::row(question.view, &sum, question.terms)?;
        Some((key.print(question.names), row))
    });
    rows.collect()
}
