//! What is true of a log of transfers, kept up to date one record at a time.

use hashbrown::HashMap;

use crate::repeats::Repeats;
use crate::{Event, Name, Record, Row, Rows, Terms, Touched, Truth};

/// The oracle at the empty log.
pub(super) fn truth(terms: &Terms) -> Box<dyn Truth> {
    Box::new(Oracle { repeats: Repeats::new(terms.dedup), numbers: HashMap::new(), accounts: Vec::new() })
}

/// A sum and how many it is of.
#[derive(Clone, Copy, Debug, Default)]
struct Side {
    sum: i128,
    count: u64,
}

#[derive(Clone, Debug, Default)]
struct Account {
    name: Name,
    credits: Side,
    debits: Side,
}

#[derive(Clone, Debug)]
struct Oracle {
    repeats: Repeats,
    numbers: HashMap<Name, u32>,
    accounts: Vec<Account>,
}

impl Oracle {
    /// An account, opened when first named.
    fn account(&mut self, name: &Name) -> &mut Account {
        let next = self.accounts.len() as u32;
        let number = *self.numbers.entry(name.clone()).or_insert(next);
        if number == next {
            self.accounts.push(Account { name: name.clone(), ..Account::default() });
        }
        &mut self.accounts[number as usize]
    }

    /// What all accounts together hold; nothing before the first is opened.
    fn total(&self) -> Option<Row> {
        let sum = self.accounts.iter().map(Account::balance).sum();
        (!self.accounts.is_empty()).then(|| vec![sum])
    }
}

impl Account {
    fn balance(&self) -> i128 {
        self.credits.sum - self.debits.sum
    }

    fn row(&self, view: &str) -> Option<Row> {
        match view {
            "credits" => self.credits.row(),
            "debits" => self.debits.row(),
            "balance" => Some(vec![self.balance()]),
            _ => None,
        }
    }
}

impl Side {
    fn add(&mut self, amount: i64) {
        self.sum += i128::from(amount);
        self.count += 1;
    }

    fn row(self) -> Option<Row> {
        (self.count > 0).then(|| vec![self.sum, i128::from(self.count)])
    }
}

impl Truth for Oracle {
    fn feed(&mut self, record: &Record, touched: Option<&mut Vec<Touched>>) {
        let Event::Transfer(event) = &record.event else { return };
        if !self.repeats.first(record) {
            return;
        }
        let opens = self.accounts.is_empty();
        self.account(&event.from).debits.add(event.amount);
        self.account(&event.to).credits.add(event.amount);
        let Some(touched) = touched else { return };
        let mut touch = |view, key: &str| touched.push(Touched { view, key: key.to_owned() });
        touch("debits", &event.from);
        touch("credits", &event.to);
        if event.from != event.to {
            touch("balance", &event.from);
        }
        touch("balance", &event.to);
        // From the first transfer on both sides are in it: they change it by the same amount.
        if opens {
            touch("total", "all");
        }
    }

    fn row(&self, view: &str, key: &str) -> Option<Row> {
        if view == "total" {
            return self.total().filter(|_| key == "all");
        }
        self.accounts[*self.numbers.get(key)? as usize].row(view)
    }

    fn rows(&self, view: &str) -> Rows {
        if view == "total" {
            return self.total().map(|row| ("all".to_owned(), row)).into_iter().collect();
        }
        let rows = self.accounts.iter();
        rows.filter_map(|account| Some((account.name.to_string(), account.row(view)?))).collect()
    }

    fn waiting(&self) -> u64 {
        0
    }

    fn refused(&self) -> u64 {
        0
    }

    fn fork(&self) -> Box<dyn Truth> {
        Box::new(self.clone())
    }
}
