//! A shop's day from a seed: skewed customers, orders of several lines, cancellations and corrections.
//!
//! Nothing is kept of what was generated. An order is known by the number of its first line, and everything about
//! it can be drawn again from that number: so a mark can name any order of the past, also of an earlier shape with
//! the same seed, keys and shares.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, LogNormal, Zipf};

use crate::dice::{aim, base, dice, intended, marked_at};
use crate::{Draft, Event, Micros, Name, OrderEvent, OrderKind, Origin, Shape};

/// How far back the first line of an order is looked for; only shapes of almost nothing but marks reach it.
const REACH: u64 = 64;

/// The events of a seeded run.
pub(super) fn generate(shape: &Shape) -> Box<dyn Iterator<Item = Draft> + Send> {
    let mut source = Source {
        base: base(shape.seed),
        customers: Zipf::new(f64::from(shape.keys.max(1)), 1.0)
            .expect("at least one customer and a positive skew"),
        amounts: LogNormal::new(8.2, 1.0).expect("a finite mean and a positive deviation"),
        shape: shape.clone(),
        order: None,
    };
    Box::new((0..shape.events).map(move |i| source.draft(i)))
}

struct Source {
    shape: Shape,
    base: ChaCha8Rng,
    customers: Zipf<f64>,
    /// Cents, about 36 in the median.
    amounts: LogNormal<f64>,
    /// The order that the last line belonged to, and its customer.
    order: Option<(u64, Name)>,
}

impl Source {
    fn draft(&mut self, i: u64) -> Draft {
        let number = self.shape.first_sequence + i;
        let intended = intended(&self.shape, i);
        let (kind, starts, mut dice) = self.role(number);
        let event = match kind {
            OrderKind::Placed => self.line(number, starts, intended, &mut dice),
            OrderKind::Cancelled | OrderKind::Corrected => self.mark(kind, number, intended, &mut dice),
        };
        Draft { origin: Some(Origin { source: 0, sequence: number }), intended, event: Event::Order(event) }
    }

    /// What the event of that number is, whether it is the first line of an order, and the rest of its dice.
    fn role(&self, number: u64) -> (OrderKind, bool, ChaCha8Rng) {
        let mut dice = dice(&self.base, number);
        let chance: f64 = dice.random();
        let starts = dice.random_bool(0.5);
        if chance < self.shape.cancellations {
            (OrderKind::Cancelled, false, dice)
        } else if chance < self.shape.cancellations + self.shape.corrections {
            (OrderKind::Corrected, false, dice)
        } else {
            (OrderKind::Placed, starts || number == 0, dice)
        }
    }

    fn line(&mut self, number: u64, starts: bool, intended: Micros, dice: &mut ChaCha8Rng) -> OrderEvent {
        if starts || self.order.is_none() {
            let first = if starts { number } else { self.first_line(number) };
            self.order = Some((first, self.customer(first)));
        }
        let (first, customer) = self.order.clone().unwrap_or((number, Name::default()));
        let time = self.shape.start.saturating_add(intended / 1000);
        OrderEvent { kind: OrderKind::Placed, customer, order: first + 1, amount: self.amount(dice), time }
    }

    fn mark(&self, kind: OrderKind, number: u64, intended: Micros, dice: &mut ChaCha8Rng) -> OrderEvent {
        let first = self.first_line(aim(&self.shape, number, dice));
        let time = marked_at(&self.shape, intended, dice);
        let amount = if kind == OrderKind::Corrected { self.amount(dice) } else { 0 };
        OrderEvent { kind, customer: self.customer(first), order: first + 1, amount, time }
    }

    /// The first line of the order to which the last line up to `number` belongs.
    fn first_line(&self, number: u64) -> u64 {
        let reach = number.saturating_sub(REACH)..=number;
        reach.rev().find(|number| self.role(*number).1).unwrap_or(number)
    }

    /// Who ordered what began at `first`. The first customers order most.
    fn customer(&self, first: u64) -> Name {
        let (_, _, mut dice) = self.role(first);
        let rank = self.customers.sample(&mut dice) as u32;
        Name::from(format!("customer-{rank:05}"))
    }

    fn amount(&self, dice: &mut ChaCha8Rng) -> i64 {
        let usual = self.amounts.sample(dice).min(1e9) as i64 + 1;
        match dice.random_range(0..20) {
            // Returns.
            0 => -usual,
            // Around the two thresholds of the views.
            1 => 10_000 + dice.random_range(-1..=1),
            2 => 20_000 + dice.random_range(-1..=1),
            _ => usual,
        }
    }
}

#[cfg(test)]
mod tests {
    use hashbrown::{HashMap, HashSet};

    use super::*;

    fn shape(events: u64) -> Shape {
        Shape {
            seed: 7,
            events,
            rate: 20_000.0,
            keys: 1_000,
            cancellations: 0.05,
            corrections: 0.03,
            start: 1_700_000_000_000,
            first_sequence: 0,
        }
    }

    fn orders(shape: &Shape) -> Vec<OrderEvent> {
        let of = |draft: Draft| match draft.event {
            Event::Order(order) => order,
            _ => unreachable!("orders generate orders"),
        };
        generate(shape).map(of).collect()
    }

    fn share(number: usize, of: usize) -> f64 {
        number as f64 / of as f64
    }

    #[test]
    fn a_second_shape_goes_on_where_the_first_ended() {
        let whole: Vec<Draft> = generate(&shape(6_000)).collect();
        let first = shape(2_500);
        let second =
            Shape { events: 3_500, first_sequence: 2_500, start: first.start + 125, ..first.clone() };
        let parts: Vec<Draft> = generate(&first).chain(generate(&second)).collect();
        for (one, other) in whole.iter().zip(&parts) {
            assert_eq!((&one.event, one.origin), (&other.event, other.origin));
        }
    }

    #[test]
    fn shares_customers_and_lines_are_as_asked() {
        let events = orders(&shape(50_000));
        let of = |kind| events.iter().filter(|event| event.kind == kind).count();
        assert!((share(of(OrderKind::Cancelled), events.len()) - 0.05).abs() < 0.005);
        assert!((share(of(OrderKind::Corrected), events.len()) - 0.03).abs() < 0.005);
        let placed: Vec<_> = events.iter().filter(|event| event.kind == OrderKind::Placed).collect();
        let ids: HashSet<u64> = placed.iter().map(|event| event.order).collect();
        assert!((share(placed.len(), ids.len()) - 2.0).abs() < 0.1, "lines an order");
        let mut counts: HashMap<&str, usize> = HashMap::new();
        placed.iter().for_each(|event| *counts.entry(&event.customer).or_default() += 1);
        assert!(counts["customer-00001"] > 20 * counts["customer-00100"], "{counts:?}");
        assert!((0.03..0.08).contains(&share(placed.iter().filter(|e| e.amount < 0).count(), placed.len())));
    }

    #[test]
    fn marks_name_past_orders_some_come_first_and_some_orders_have_several() {
        let events = orders(&shape(50_000));
        let mut marks: HashMap<(&str, u64), HashSet<OrderKind>> = HashMap::new();
        let mut first: HashMap<(&str, u64), OrderKind> = HashMap::new();
        for event in &events {
            let id = (event.customer.as_str(), event.order);
            first.entry(id).or_insert(event.kind);
            if event.kind != OrderKind::Placed {
                marks.entry(id).or_default().insert(event.kind);
            }
        }
        let early = marks.keys().filter(|id| first[*id] != OrderKind::Placed).count();
        assert!((0.01..0.15).contains(&share(early, marks.len())), "{early} of {}", marks.len());
        let both = marks.values().filter(|kinds| kinds.len() > 1).count();
        assert!(both > 50, "{both} orders are both cancelled and corrected");
    }

    #[test]
    fn shares_of_one_and_no_keys_are_survived() {
        let odd = Shape { cancellations: 1.0, keys: 0, rate: 0.0, ..shape(1_000) };
        assert_eq!(orders(&odd).iter().filter(|event| event.kind == OrderKind::Cancelled).count(), 1_000);
    }
}
