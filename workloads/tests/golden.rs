//! The truth over the small logs of `data/`, whose answers were worked out by hand.
//!
//! A file is lines of JSON, read from the top. `case` begins an empty log, or with `same_as` one that holds
//! what another case appended; `message` appends to it, in partition 0 unless it says otherwise; `view` with `rows`,
//! `waiting` and `refused` say what is true at that point. A `naive` merge of a batch and a speed view stands beside
//! the answer that is `right`, in whole units of the seed.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;
use workloads::{Codec, Dedup, Millis, Origin, Place, Record, Rows, Terms, Truth, Workload, workload};

const ORDERS: &str = include_str!("../data/orders.jsonl");
const SEED: &str = include_str!("../data/seed.jsonl");
const TRADES: &str = include_str!("../data/trades.jsonl");
const WORDS: &str = include_str!("../data/words.jsonl");
const SENSORS: &str = include_str!("../data/sensors.jsonl");
const TRANSFERS: &str = include_str!("../data/transfers.jsonl");

/// A seed document's view: whole units by customer.
type Units = BTreeMap<String, i128>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    case: Option<String>,
    about: Option<String>,
    #[serde(default)]
    rules: Vec<String>,
    terms: Option<Numbers>,
    same_as: Option<String>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    origin: Option<(u32, u64)>,
    #[serde(default)]
    partition: u32,
    #[serde(default)]
    appended: Millis,
    #[serde(default)]
    dead: bool,
    view: Option<String>,
    #[serde(default)]
    rows: Rows,
    waiting: Option<u64>,
    refused: Option<u64>,
    naive: Option<String>,
    #[serde(default)]
    batch: Units,
    #[serde(default)]
    speed: Units,
    keys: Option<String>,
    #[serde(default)]
    merge: Units,
    right: Option<Units>,
}

/// Terms as far as they differ from the default ones.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Numbers {
    dedup: Option<Dedup>,
    cancel_horizon: Option<Millis>,
}

/// A case being walked.
struct Walk {
    workload: &'static Workload,
    case: String,
    truth: Box<dyn Truth>,
    heads: BTreeMap<u32, u64>,
    /// The rows that were last asked for.
    rows: Rows,
    naive: Vec<(String, Units)>,
}

fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}")))
}

fn check(name: &str, text: &str) {
    let workload = workload(name).expect("the workload is listed");
    let mut walk: Option<Walk> = None;
    for line in lines(text) {
        if line.case.is_some() {
            walk = Some(Walk::begin(workload, &line, text));
        } else {
            walk.as_mut().expect("a file begins with a case").step(&line);
        }
    }
}

impl Walk {
    fn begin(workload: &'static Workload, line: &Line<'_>, text: &str) -> Self {
        let case = line.case.clone().expect("only a line with a case begins one");
        assert!(line.about.is_some() && !line.rules.is_empty(), "{case} does not say what it is about");
        let mut terms = Terms::default();
        if let Some(numbers) = &line.terms {
            terms.dedup = numbers.dedup.unwrap_or(terms.dedup);
            terms.cancel_horizon = numbers.cancel_horizon;
        }
        let truth = (workload.truth)(&terms);
        let (heads, rows, naive) = (BTreeMap::new(), Rows::new(), Vec::new());
        let mut walk = Walk { workload, case, truth, heads, rows, naive };
        if let Some(other) = &line.same_as {
            let from = lines(text).skip_while(|line| line.case.as_ref() != Some(other)).skip(1);
            from.take_while(|line| line.case.is_none())
                .filter(|line| line.message.is_some())
                .for_each(|line| walk.step(&line));
        }
        walk
    }

    fn step(&mut self, line: &Line<'_>) {
        if let Some(message) = line.message {
            self.append(message, line);
        }
        if let Some(view) = &line.view {
            self.answers(view, &line.rows);
        }
        for (what, expected, got) in
            [("waiting", line.waiting, self.truth.waiting()), ("refused", line.refused, self.truth.refused())]
        {
            assert!(expected.is_none_or(|expected| expected == got), "{}: {got} marks {what}", self.case);
        }
        if let Some(how) = &line.naive {
            let kept = |key: &&String| line.keys.is_none() || line.batch.contains_key(*key);
            let mut sum = line.batch.clone();
            line.speed
                .iter()
                .filter(|(key, _)| kept(key))
                .for_each(|(key, units)| *sum.entry(key.clone()).or_default() += units);
            assert_eq!(sum, line.merge, "{}: {how}", self.case);
            self.naive.push((how.clone(), sum));
        }
        if let Some(right) = &line.right {
            self.holds(right);
        }
    }

    fn append(&mut self, message: &RawValue, line: &Line<'_>) {
        let event = Codec::Json.decode(self.workload.name, b"", message.get().as_bytes(), line.appended);
        assert_eq!(event.is_err(), line.dead, "{}: {message} {event:?}", self.case);
        let head = self.heads.entry(line.partition).or_default();
        let place = Place { partition: line.partition, offset: *head };
        *head += 1;
        let Ok(event) = event else { return };
        let origin = line.origin.map(|(source, sequence)| Origin { source, sequence });
        self.truth.feed(&Record { place, origin, intended: 0, appended: line.appended, event }, None);
    }

    fn answers(&mut self, view: &str, expected: &Rows) {
        self.rows = self.truth.rows(view);
        assert_eq!(&self.rows, expected, "{} of {}", view, self.case);
        for (key, row) in expected {
            assert_eq!(self.truth.row(view, key).as_ref(), Some(row), "{} of {}: {key}", view, self.case);
        }
    }

    /// The seed's table: the right answer is the view's, and a naive merge is another but in the base case.
    fn holds(&self, right: &Units) {
        let rows = if self.case == "base" { self.truth.rows("spend") } else { self.rows.clone() };
        let sums: Units = rows.iter().map(|(key, row)| (key.clone(), row[0] / 100)).collect();
        assert_eq!(&sums, right, "{}", self.case);
        for (how, naive) in &self.naive {
            assert_eq!(naive == right, self.case == "base", "{}: {how}", self.case);
        }
    }
}

#[test]
fn the_seeds_orders_have_the_seeds_answers() {
    check("orders", SEED);
}

#[test]
fn orders_have_the_answers_worked_out_by_hand() {
    check("orders", ORDERS);
}

#[test]
fn trades_have_the_answers_worked_out_by_hand() {
    check("trades", TRADES);
}

#[test]
fn words_have_the_answers_worked_out_by_hand() {
    check("words", WORDS);
}

#[test]
fn sensors_have_the_answers_worked_out_by_hand() {
    check("sensors", SENSORS);
}

#[test]
fn transfers_have_the_answers_worked_out_by_hand() {
    check("transfers", TRANSFERS);
}

#[test]
fn every_rule_has_a_case() {
    for (rules, texts) in [
        (include_str!("../src/orders/RULES.md"), vec![ORDERS, SEED]),
        (include_str!("../src/trades/RULES.md"), vec![TRADES]),
        (include_str!("../src/words/RULES.md"), vec![WORDS]),
        (include_str!("../src/sensors/RULES.md"), vec![SENSORS]),
        (include_str!("../src/transfers/RULES.md"), vec![TRANSFERS]),
    ] {
        let numbered: BTreeSet<&str> = rules
            .lines()
            .filter_map(|line| line.strip_prefix("* **")?.split_once("**"))
            .map(|(rule, _)| rule)
            .collect();
        let named: BTreeSet<String> = texts.into_iter().flat_map(lines).flat_map(|line| line.rules).collect();
        assert!(numbered.len() >= 6, "{numbered:?}");
        assert_eq!(named.iter().map(String::as_str).collect::<BTreeSet<_>>(), numbered);
    }
}
