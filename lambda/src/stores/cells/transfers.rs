//! The cells of `transfers`: what an account got and gave, and the change of all balances together.

use workloads::{Event, Query, Record};

use super::{Cell, Cells, Place};
use crate::layers::Transfers;
use crate::speed::transfers::{Changes, Partial};

impl Cells<Transfers> for Transfers {
    fn touched(_: &Changes, record: &Record, tell: &mut dyn FnMut(Cell)) {
        let Event::Transfer(event) = &record.event else { return };
        [&event.from, &event.to].into_iter().for_each(|account| tell(Cell::new("account", account.clone())));
        tell(Cell::new("total", "all"));
    }

    fn all(state: &Changes, tell: &mut dyn FnMut(Cell)) {
        state.accounts(None).accounts.into_keys().for_each(|account| tell(Cell::new("account", account)));
        tell(Cell::new("total", "all"));
    }

    fn half(state: &Changes, cell: &Cell) -> Partial {
        if cell.kind == "total" { state.total() } else { state.accounts(Some(&cell.key)) }
    }

    fn place(query: &Query) -> Place {
        if query.view == "total" {
            return Place::of("total", Some("all"));
        }
        Place::of("account", query.key.as_deref())
    }

    fn join(all: &mut Partial, one: Partial) {
        all.accounts.extend(one.accounts);
        all.total = one.total;
    }
}
