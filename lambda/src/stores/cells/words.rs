//! The cells of `words`: a word's count, and that of each of its windows.

use workloads::calendar::Unit;
use workloads::{Event, Query, Record};

use super::{Cell, Cells, Place};
use crate::layers::Words;
use crate::speed::words::{Changes, Partial, window};

impl Cells<Words> for Words {
    fn touched(_: &Changes, record: &Record, tell: &mut dyn FnMut(Cell)) {
        let Event::Word(event) = &record.event else { return };
        tell(Cell::new("word", event.word.clone()));
        tell(Cell::new("window", Unit::Second.key(&event.word, window(event))));
    }

    fn all(state: &Changes, tell: &mut dyn FnMut(Cell)) {
        state.totals(None).totals.into_keys().for_each(|word| tell(Cell::new("word", word)));
        for (word, window, _) in state.windows(None).windows {
            tell(Cell::new("window", Unit::Second.key(&word, window)));
        }
    }

    fn half(state: &Changes, cell: &Cell) -> Partial {
        match Unit::Second.parse_key(&cell.key) {
            Some(key) if cell.kind == "window" => state.windows(Some(key)),
            _ => state.totals(Some(&cell.key)),
        }
    }

    fn place(query: &Query) -> Place {
        Place::of(if query.view == "totals" { "word" } else { "window" }, query.key.as_deref())
    }

    fn join(all: &mut Partial, one: Partial) {
        all.totals.extend(one.totals);
        all.windows.extend(one.windows);
    }
}
