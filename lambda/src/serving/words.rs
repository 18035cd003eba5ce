//! What batch and speed layer together say about words.

use std::collections::BTreeMap;

use workloads::calendar::Unit;
use workloads::{Name, Query, Rows};

use crate::publication::words::WordsBase;
use crate::speed::words::Partial;

/// One answer of the two halves.
pub(crate) fn serve(base: &WordsBase, partial: &Partial, query: &Query) -> Rows {
    match (query.view.as_str(), &query.key) {
        ("totals", Some(word)) => {
            row(word.clone(), base.total(word), partial.totals.get(word.as_str())).into_iter().collect()
        }
        ("totals", None) => totals(base, partial),
        (_, Some(key)) => {
            let Some((word, window)) = Unit::Second.parse_key(key) else { return Rows::new() };
            let new = partial.windows.first().map(|(.., count)| count);
            row(key.clone(), base.window(word, window), new).into_iter().collect()
        }
        (_, None) => windows(base, partial),
    }
}

/// Every word of which either half knows.
fn totals(base: &WordsBase, partial: &Partial) -> Rows {
    let mut new = partial.totals.clone();
    let batched: Vec<_> = base
        .totals()
        .filter_map(|(word, count)| {
            let new = new.remove(&word);
            row(word.into(), count, new.as_ref())
        })
        .collect();
    let new = new.iter().filter_map(|(word, count)| row(word.to_string(), 0, Some(count)));
    batched.into_iter().chain(new).collect()
}

/// Every window of every word of which either half knows.
fn windows(base: &WordsBase, partial: &Partial) -> Rows {
    let mut new: BTreeMap<(Name, i64), u64> =
        partial.windows.iter().map(|(word, window, count)| ((word.clone(), *window), *count)).collect();
    let batched: Vec<_> = base
        .windows()
        .filter_map(|(word, window, count)| {
            let key = Unit::Second.key(&word, window);
            row(key, count, new.remove(&(word, window)).as_ref())
        })
        .collect();
    let new =
        new.iter().filter_map(|((word, window), count)| row(Unit::Second.key(word, *window), 0, Some(count)));
    batched.into_iter().chain(new).collect()
}

/// The two counts added; nothing without an event.
fn row(key: String, batch: u64, new: Option<&u64>) -> Option<(String, Vec<i128>)> {
    // rule: W2 W3
    let count = batch + new.copied().unwrap_or(0);
    (count > 0).then(|| (key, vec![count.into()]))
}
