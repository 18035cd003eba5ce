//! The cells of `orders`: a customer, the revenue, and of each day every customer and every amount.

use workloads::calendar::Unit;
use workloads::{Event, Query, Record};

use super::{Cell, Cells, Keys, Place};
use crate::layers::Orders;
use crate::speed::orders::{Change, Changes, DayChange, Partial};

impl Cells<Orders> for Orders {
    fn touched(state: &Changes, record: &Record, tell: &mut dyn FnMut(Cell)) {
        let Event::Order(event) = &record.event else { return };
        tell(Cell::new("customer", event.customer.clone()));
        tell(Cell::new("revenue", "all"));
        state.counted(event, |time, amount| {
            let day = Unit::Day.print(Unit::Day.of(time));
            tell(Cell::new("amount", format!("{day} {amount}")));
            tell(Cell::new("member", format!("{day} {}", event.customer)));
        });
    }

    fn all(state: &Changes, tell: &mut dyn FnMut(Cell)) {
        tell(Cell::new("revenue", "all"));
        let customers = state.partial("spend", None).customers;
        customers.into_keys().for_each(|customer| tell(Cell::new("customer", customer)));
        state.members(|day, customer| {
            tell(Cell::new("member", format!("{} {customer}", Unit::Day.print(day))));
        });
        for (day, change) in state.partial("median_order", None).days {
            for (amount, _) in change.amounts {
                tell(Cell::new("amount", format!("{} {amount}", Unit::Day.print(day))));
            }
        }
    }

    fn half(state: &Changes, cell: &Cell) -> Partial {
        let revenue = Change::default();
        match cell.kind {
            "customer" => Partial { revenue, ..state.partial("spend", Some(&cell.key)) },
            "revenue" => state.partial("revenue", None),
            kind => of_day(state, kind, &cell.key).unwrap_or_default(),
        }
    }

    fn place(query: &Query) -> Place {
        let key = query.key.as_deref();
        let of_day = |kind| Place { kind, keys: key.map_or(Keys::All, |day| Keys::Under(day.into())) };
        match query.view.as_str() {
            "revenue" => Place::of("revenue", Some("all")),
            // Whoever has changed may be among the first.
            "top_customers" => Place::of("customer", None),
            "customers_per_day" => of_day("member"),
            "median_order" => of_day("amount"),
            _ => Place::of("customer", key),
        }
    }

    fn join(all: &mut Partial, one: Partial) {
        all.customers.extend(one.customers);
        all.revenue = one.revenue;
        for (day, one) in one.days {
            let day = all.days.entry(day).or_default();
            day.members.extend(one.members);
            for (amount, times) in one.amounts {
                let at = day.amounts.partition_point(|known| known.0 < amount);
                day.amounts.insert(at, (amount, times));
            }
        }
    }
}

/// What is in the cell of a day and one of its customers or amounts.
fn of_day(state: &Changes, kind: &str, key: &str) -> Option<Partial> {
    let (text, which) = key.split_once(' ')?;
    let day = Unit::Day.parse(text)?;
    let change = if kind == "member" {
        DayChange { members: vec![state.member(day, which)?], ..DayChange::default() }
    } else {
        let amount = which.parse().ok()?;
        DayChange { amounts: vec![(amount, state.amount(day, amount)?)], ..DayChange::default() }
    };
    Some(Partial { days: [(day, change)].into(), ..Partial::default() })
}
