//! The rules of transfers, one record at a time, as RULES.md says them.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use workloads::{Event, Origin, Record, Rows, Terms, TransferEvent, transfers};

use crate::Rules;

pub(crate) const RULES: Rules =
    Rules { workload: &transfers::TRANSFERS, event, rows, waiting: |_| 0, refused: |_, _| 0 };

fn event(dice: &mut ChaCha8Rng, _origins: &[Origin]) -> Event {
    let mut account = || ["0", "1", "2"][dice.random_range(0..3)].into();
    let (from, to) = (account(), account());
    let amounts = [1, 1, 7, 0, -5, i64::MAX, i64::MIN];
    Event::Transfer(TransferEvent {
        transfer: dice.random_range(0..9).to_string().into(),
        from,
        to,
        amount: amounts[dice.random_range(0..amounts.len())],
        time: dice.random_range(0..3),
    })
}

fn rows(view: &str, all: &[&Record], _terms: &Terms) -> Rows {
    let mut rows = Rows::new();
    for record in all {
        let Event::Transfer(event) = &record.event else { unreachable!("only transfers are generated") };
        let amount = i128::from(event.amount);
        let mut add = |key: &str, more: &[i128]| {
            let row = rows.entry(key.to_owned()).or_insert_with(|| vec![0; more.len()]);
            row.iter_mut().zip(more).for_each(|(held, more)| *held += more);
        };
        match view {
            "credits" => add(&event.to, &[amount, 1]),
            "debits" => add(&event.from, &[amount, 1]),
            "balance" => {
                add(&event.from, &[-amount]);
                add(&event.to, &[amount]);
            }
            _ => add("all", &[-amount + amount]),
        }
    }
    rows
}
