//! What can happen in the small logs that are gone through.

use lambda::options::WrongMerge;
use workloads::{Event, Millis, Name, OrderEvent, OrderKind, Origin, Record, TradeEvent, TradeKind};

/// Minor units of a whole one of orders, and of trades.
const CENTS: i64 = 100;
const E8: i64 = 100_000_000;

/// Milliseconds between two events.
const STEP: Millis = 1_000;

/// What can happen.
pub(super) struct Alphabet {
    /// What has happened at first.
    pub(super) given: Option<Letter>,
    /// What can happen then, any number of times.
    pub(super) letters: Vec<Letter>,
}

/// One thing that happens.
pub(super) struct Letter {
    /// In words.
    pub(super) text: &'static str,
    what: What,
}

enum What {
    /// A customer orders for so much.
    Orders(&'static str, i64),
    /// Customers `1` to `10` each order for so much.
    TenOrder(i64),
    /// The customer's last order is cancelled.
    Cancels(&'static str),
    /// A trade at a price, some milliseconds late.
    Trades(i64, Millis),
    /// The last trade at a price is taken back.
    Busts(i64),
}

/// What is gone through for a wrong merge.
///
/// To `top_customers` ten others are given: with ten customers or fewer either list has everybody, and joining two
/// whole lists is right.
pub(super) fn alphabet(wrong: WrongMerge) -> Alphabet {
    let letter = |text, what| Letter { text, what };
    let orders = |text, amount| letter(text, What::Orders("Ali", amount));
    let letters = match wrong {
        WrongMerge::Distinct => vec![
            orders("Ali orders for 1", CENTS),
            letter("Sara orders for 1", What::Orders("Sara", CENTS)),
            letter("Ali cancels", What::Cancels("Ali")),
        ],
        WrongMerge::Top => vec![
            orders("Ali orders for 1", CENTS),
            orders("Ali orders for 2", 2 * CENTS),
            orders("Ali orders for 3", 3 * CENTS),
        ],
        WrongMerge::Median => {
            vec![
                orders("Ali orders for 1", CENTS),
                orders("Ali orders for 2", 2 * CENTS),
                orders("Ali orders for 4", 4 * CENTS),
            ]
        }
        WrongMerge::Having => vec![
            orders("Ali orders for 120", 120 * CENTS),
            orders("Ali orders for 250", 250 * CENTS),
            letter("Sara orders for 120", What::Orders("Sara", 120 * CENTS)),
        ],
        WrongMerge::Extreme => vec![
            letter("traded at 10", What::Trades(10, 0)),
            letter("traded at 20", What::Trades(20, 0)),
            letter("the trade at 20 is busted", What::Busts(20)),
        ],
        WrongMerge::Last => vec![
            letter("traded at 10", What::Trades(10, 0)),
            letter("traded at 20", What::Trades(20, 0)),
            letter("traded at 30, told late", What::Trades(30, 3 * STEP / 2)),
        ],
        WrongMerge::Mean => {
            vec![letter("traded at 10", What::Trades(10, 0)), letter("traded at 20", What::Trades(20, 0))]
        }
    };
    let given =
        (wrong == WrongMerge::Top).then(|| letter("ten others order for 2 each", What::TenOrder(2 * CENTS)));
    Alphabet { given, letters }
}

impl Letter {
    /// Its events after those of a log, each with its origin.
    pub(super) fn events(&self, log: &[Record]) -> Vec<(Event, Origin)> {
        let origin = |more: usize| Origin { source: 0, sequence: (log.len() + more) as u64 };
        let time = STEP * log.len() as Millis;
        let order = |customer: &str, amount, number: usize| {
            let order = (log.len() + number) as u64 + 1;
            let (kind, customer) = (OrderKind::Placed, Name::from(customer));
            (Event::Order(OrderEvent { kind, customer, order, amount, time }), origin(number))
        };
        let trade = |kind, price: i64, time, target| {
            let (symbol, volume) = (Name::from("S"), if kind == TradeKind::Traded { E8 } else { 0 });
            (Event::Trade(TradeEvent { kind, symbol, price: price * E8, volume, time, target }), origin(0))
        };
        match self.what {
            What::Orders(customer, amount) => vec![order(customer, amount, 0)],
            What::TenOrder(amount) => (0..10).map(|i| order(&format!("other {i}"), amount, i)).collect(),
            What::Cancels(customer) => {
                let order = last_order(log, customer);
                let (kind, customer) = (OrderKind::Cancelled, Name::from(customer));
                vec![(Event::Order(OrderEvent { kind, customer, order, amount: 0, time }), origin(0))]
            }
            What::Trades(price, late) => {
                vec![trade(TradeKind::Traded, price, time - late, Origin::default())]
            }
            What::Busts(price) => vec![trade(TradeKind::Busted, 0, time, last_trade(log, price * E8))],
        }
    }
}

/// The number of a customer's last order; of none if there is none.
fn last_order(log: &[Record], customer: &str) -> u64 {
    let of = |record: &Record| match &record.event {
        Event::Order(event) if event.kind == OrderKind::Placed && event.customer == customer => {
            Some(event.order)
        }
        _ => None,
    };
    log.iter().rev().find_map(of).unwrap_or(0)
}

/// The origin of the last trade at a price; of none if there is none.
fn last_trade(log: &[Record], price: i64) -> Origin {
    let of = |record: &Record| match &record.event {
        Event::Trade(event) if event.kind == TradeKind::Traded && event.price == price => record.origin,
        _ => None,
    };
    log.iter().rev().find_map(of).unwrap_or(Origin { source: 1, sequence: 0 })
}
