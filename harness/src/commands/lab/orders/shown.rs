//! What the lab shows: headings, sentences, and the tables of its cases.

use minijinja::Value as Field;

use super::super::super::print::{self, Format, Value};
use super::cases::Case;
use super::totals::{Totals, printable};
use super::why;
use crate::lang::{Lang, context};

/// Customers of a table, and words of a list, that are shown.
const MOST: usize = 20;
/// Characters of a line.
const WIDTH: usize = 92;
/// Customers that have room beside one another.
const ABREAST: usize = 6;

/// Says a message.
pub(super) fn say(lang: Lang, key: &str, fields: impl Into<Field>) -> anyhow::Result<()> {
    print::text(&wrapped(&lang.say(key, fields)))
}

/// Lines that are no longer than a reader likes. One that begins with a space stays as it is: commands are copied whole.
fn wrapped(text: &str) -> String {
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn line(text: &str) -> String {
    let (mut line, mut length) = (String::new(), 0);
    if text.starts_with(' ') {
        return text.to_owned();
    }
    let indent = if text.starts_with("* ") { "\n  " } else { "\n" };
    // No other space may be broken at: French has one before its marks.
    for word in text.split(' ') {
        let more = word.chars().count() + 1;
        if length > 0 && length + more > WIDTH {
            line.push_str(indent);
            length = indent.len() - 1;
        } else if length > 0 {
            line.push(' ');
        }
        line.push_str(word);
        length += more;
    }
    line
}

/// Begins a part of the lab.
pub(super) fn heading(lang: Lang, key: &str) -> anyhow::Result<()> {
    print::text(&format!("\n{}", lang.text(key)))
}

/// Words with commas between, as many as a reader can take in.
pub(super) fn listed(words: &[String]) -> String {
    let more = if words.len() > MOST { ", .." } else { "" };
    format!("{}{more}", words[..words.len().min(MOST)].join(", "))
}

/// Totals in a line.
pub(super) fn in_line(totals: &Totals, lang: Lang) -> String {
    let one = |name: &String| format!("{} {}", printable(name), totals.shown(name, lang));
    let all: Vec<String> = totals.0.keys().map(one).collect();
    if all.is_empty() { lang.text("orders.nobody") } else { listed(&all) }
}

/// Totals in a table.
#[derive(Clone, Copy)]
pub(super) struct Column<'a> {
    /// Key of its name.
    pub(super) key: &'static str,
    pub(super) totals: &'a Totals,
    /// What they should be: what is not so is marked.
    pub(super) against: Option<&'a Totals>,
}

impl<'a> Column<'a> {
    /// These totals under the name of this key.
    pub(super) fn of(key: &'static str, totals: &'a Totals) -> Self {
        Column { key, totals, against: None }
    }

    fn cell(&self, name: &str, lang: Lang) -> Value {
        let differs = self.against.is_some_and(|right| right.0.get(name) != self.totals.0.get(name));
        let mark = if differs { "\u{2260} " } else { "" };
        Value::Figure(format!("{mark}{}", self.totals.shown(name, lang)))
    }
}

/// Totals side by side, a line for each customer in any of them.
pub(super) fn columns(lang: Lang, columns: &[Column<'_>]) -> anyhow::Result<()> {
    let names = customers(columns.iter().map(|column| column.totals));
    let row = |name: &&String| {
        let cells = columns.iter().map(|column| column.cell(name, lang));
        std::iter::once(printable(name).into()).chain(cells).collect()
    };
    let rows: Vec<Vec<Value>> = names.iter().take(MOST).map(row).collect();
    let keys = columns.iter().map(|column| column.key);
    let header: Vec<&str> = std::iter::once("orders.customer").chain(keys).collect();
    print::table(lang, &header, &rows)?;
    match names.len().checked_sub(MOST) {
        Some(more @ 1..) => say(lang, "orders.more-customers", context! { more }),
        _ => Ok(()),
    }
}

/// Everybody who has an amount in any of these, by name.
fn customers<'a>(all: impl Iterator<Item = &'a Totals>) -> Vec<&'a String> {
    let mut names: Vec<&String> = all.flat_map(|totals| totals.0.keys()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// One case: what somebody did, what came of it, and why.
pub(super) fn case(lang: Lang, case: &Case, seeded: bool) -> anyhow::Result<()> {
    heading(lang, case.title)?;
    columns(lang, &case.views())?;
    say(lang, case.why, why::told(case, lang))?;
    if let Some(switch) = case.switch {
        say(lang, "orders.switch", context! { switch })?;
    }
    if !case.agreed() {
        say(lang, "orders.disagreed", ())?;
    }
    if seeded && !case.golden() {
        say(lang, "orders.not-golden", ())?;
    }
    Ok(())
}

/// Every case with its views, the customers beside one another, if there is room for them.
pub(super) fn golden(lang: Lang, cases: &[Case], seeded: bool) -> anyhow::Result<()> {
    let names = customers(cases.iter().flat_map(Case::views).map(|column| column.totals));
    if names.len() > ABREAST {
        return Ok(());
    }
    let mut rows = Vec::new();
    for case in cases {
        let views = case.views();
        for (number, view) in (1..).zip(&views) {
            let name = if number == 1 { lang.text(case.name) } else { String::new() };
            let said = if number == views.len() { lang.text(verdict(case, seeded)) } else { String::new() };
            let cells = names.iter().map(|name| view.cell(name, lang));
            let begin = [name.into(), lang.text(view.key).into()];
            rows.push(begin.into_iter().chain(cells).chain([said.into()]).collect());
        }
    }
    let [case, view, said] = ["orders.case", "orders.view", "orders.verdict"].map(|key| lang.text(key));
    let names = names.iter().map(|name| printable(name));
    let header: Vec<String> = [case, view].into_iter().chain(names).chain([said]).collect();
    print::rows(Format::Table, &header.iter().map(String::as_str).collect::<Vec<_>>(), &rows)
}

fn verdict(case: &Case, seeded: bool) -> &'static str {
    if !case.agreed() || (seeded && !case.golden()) {
        "orders.differs"
    } else if seeded {
        "orders.as-documented"
    } else if case.naive == case.right {
        "orders.merge-right"
    } else {
        "orders.merge-wrong"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_commands_are_not() {
        let words = "word ".repeat(40);
        let text = wrapped(&format!("* {words}\n  More: {words}"));
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].len() <= WIDTH && lines[1].starts_with("  word"), "{text}");
        assert_eq!(lines.last().map(|line| line.trim_end()), Some(format!("  More: {words}").trim_end()));
    }
}
