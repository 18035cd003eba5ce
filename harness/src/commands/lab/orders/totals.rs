//! Amounts by customer, as the lab counts, merges and shows them.

use std::collections::BTreeMap;

use workloads::{Event, Rows};

use super::seed::Amounts;
use crate::lang::Lang;

/// Minor units by customer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals(pub(super) BTreeMap<String, i128>);

impl From<Rows> for Totals {
    /// The sums of a view's rows.
    fn from(rows: Rows) -> Self {
        Totals(rows.into_iter().map(|(name, row)| (name, row.first().copied().unwrap_or_default())).collect())
    }
}

impl Totals {
    /// Whole units, as the document has them.
    pub(super) fn of(amounts: Amounts) -> Self {
        Totals(amounts.iter().map(|(name, amount)| ((*name).to_owned(), i128::from(*amount) * 100)).collect())
    }

    /// Both added up, as anybody would.
    pub(super) fn plus(&self, other: &Totals) -> Totals {
        let mut sum = self.clone();
        for (name, amount) in &other.0 {
            *sum.0.entry(name.clone()).or_default() += amount;
        }
        sum
    }

    /// What these have more than others.
    pub(super) fn beyond(&self, other: &Totals) -> Totals {
        let more = |(name, amount): (&String, &i128)| {
            let more = amount - other.0.get(name).copied().unwrap_or_default();
            (more != 0).then(|| (name.clone(), more))
        };
        Totals(self.0.iter().filter_map(more).collect())
    }

    /// One customer's, as text; a dash if there is none.
    pub(super) fn shown(&self, name: &str, lang: Lang) -> String {
        self.0.get(name).map_or_else(|| "-".to_owned(), |amount| lang.digits(&money(*amount)))
    }
}

/// Minor units as units: 12000 as 120, 1250 as 12.5.
pub(super) fn money(cents: i128) -> String {
    let (sign, size) = (if cents < 0 { "-" } else { "" }, cents.unsigned_abs());
    let part = format!("{:02}", size % 100);
    let part = part.trim_end_matches('0');
    let point = if part.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{part}", size / 100)
}

/// A name or a message as a terminal can show it: what would move its cursor or turn its text about is written out.
pub(super) fn printable(text: &str) -> String {
    let turns = |char: char| matches!(char, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let safe = |char: char| match char.is_control() || turns(char) {
        true => char.escape_default().to_string(),
        false => char.to_string(),
    };
    text.chars().map(safe).collect()
}

/// Events in a few words, such as `Ali 120`.
pub(super) fn brief(event: &Event, lang: Lang) -> String {
    match event {
        Event::Order(order) => {
            format!("{} {}", printable(&order.customer), lang.digits(&money(order.amount.into())))
        }
        other => printable(other.key()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_without_what_says_nothing() {
        let written = [12_000, 1_250, 1, -5, 0, i128::from(i64::MAX)].map(money);
        assert_eq!(written, ["120", "12.5", "0.01", "-0.05", "0", "92233720368547758.07"]);
    }

    #[test]
    fn a_name_cannot_move_the_cursor() {
        assert_eq!(
            printable("a\nb\u{1b}[2Jc\u{202e}d مريم \"<b>\""),
            "a\\nb\\u{1b}[2Jc\\u{202e}d مريم \"<b>\""
        );
    }

    #[test]
    fn totals_are_added_and_taken_apart() {
        let (one, two) = (Totals::of(&[("Ali", 3), ("Sara", 1)]), Totals::of(&[("Ali", 4), ("Zed", 5)]));
        let sum = one.plus(&two);
        assert_eq!(sum, Totals::of(&[("Ali", 7), ("Sara", 1), ("Zed", 5)]));
        assert_eq!(sum.beyond(&one), two);
    }
}
