//! Orders that somebody types, or sends to the topic by other means, and what each of them changes.

use std::path::Path;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use anyhow::Context;
use workloads::codec::decimal::{MONEY, parse};
use workloads::intake::DeadLetter;
use workloads::{Codec, Event, Name, OrderEvent, OrderKind, Version};

use super::super::super::World;
use super::super::lines;
use super::cast::Cast;
use super::reason::said;
use super::shown::say;
use super::totals::{Totals, brief, printable};
use super::view;
use crate::lang::context;

/// How long to wait for a line before looking whether something has come by other means.
const TURN: Duration = Duration::from_millis(100);

/// What asks for a batch.
const BATCH: &str = "batch";

/// What a line is.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    /// Nothing.
    Blank,
    /// The batch is to run now.
    Batch,
    /// A message for the topic, with its key.
    Message(Vec<u8>, Vec<u8>),
    /// Nothing that could be meant, and why.
    Unclear(String),
}

/// Somebody types.
pub(super) struct Typing<'a, 'b> {
    cast: &'a mut Cast<'b>,
    world: &'a World,
    out: &'a Path,
    /// How far of the log has been shown.
    seen: Version,
    /// Messages set aside that have been shown.
    dead: u64,
}

impl<'a, 'b> Typing<'a, 'b> {
    /// From where the log ends now.
    pub(super) fn new(cast: &'a mut Cast<'b>, out: &'a Path, world: &'a World) -> anyhow::Result<Self> {
        let (seen, [_, dead]) = (cast.stage.log.heads()?, cast.dead());
        Ok(Typing { cast, world, out, seen, dead })
    }

    /// Until the input ends, or somebody wants to end.
    pub(super) fn run(&mut self) -> anyhow::Result<()> {
        let lines = lines::stdin();
        while !self.world.stop.wanted() {
            match lines.recv_timeout(TURN) {
                Ok(line) => self.take(&line)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.look()?;
        }
        Ok(())
    }

    fn take(&mut self, line: &str) -> anyhow::Result<()> {
        let (lang, now) = (self.world.lang, self.world.clock.millis());
        match meant(line, now) {
            Line::Blank => Ok(()),
            Line::Message(key, value) => self.cast.stage.send(&key, &value, now),
            Line::Unclear(reason) => say(lang, "orders.unclear", context! { reason => said(lang, &reason) }),
            Line::Batch => {
                self.cast.recompute()?;
                let orders = self.cast.cut()?.total();
                say(lang, "orders.batch-ran", context! { orders })
            }
        }
    }

    /// Shows what has come into the log since.
    fn look(&mut self) -> anyhow::Result<()> {
        let heads = self.cast.stage.log.heads()?;
        if heads == self.seen {
            return Ok(());
        }
        self.cast.follow()?;
        let records = self.cast.records(&self.seen)?;
        self.seen = heads;
        records.iter().try_for_each(|record| self.effect(&record.event))?;
        self.set_aside()?;
        view::write(self.out, &self.cast.merged("spend")?.into())?;
        Ok(())
    }

    /// What an order has come to in each place.
    fn effect(&mut self, event: &Event) -> anyhow::Result<()> {
        let (lang, name) = (self.world.lang, event.key().as_str());
        let shown = |rows| Totals::from(rows).shown(name, lang);
        let batch = shown(self.cast.batch("spend")?);
        let speed = shown(self.cast.speed("spend")?);
        let merged = shown(self.cast.merged("spend")?);
        let kappa = shown(self.cast.kappa("spend")?);
        let order = brief(event, lang);
        say(lang, "orders.effect", context! { order, name => printable(name), batch, speed, merged, kappa })
    }

    /// Messages that nobody can read, each with its reason.
    fn set_aside(&mut self) -> anyhow::Result<()> {
        let ([lambda, kappa], lang) = (self.cast.dead(), self.world.lang);
        if kappa == self.dead {
            return Ok(());
        }
        let path = &self.cast.dead_letters;
        let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        for line in text.lines().skip(self.dead as usize) {
            let letter: DeadLetter = serde_json::from_str(line)?;
            let (reason, value) = (said(lang, &letter.reason), printable(&letter.value.unwrap_or_default()));
            say(lang, "orders.set-aside", context! { value, reason })?;
        }
        self.dead = kappa;
        say(lang, "orders.dead", context! { lambda, kappa, file => path.display().to_string() })
    }
}

/// What somebody means by a line: a message as the document's producer takes it, `Ali 80`, or `batch`.
fn meant(line: &str, now: i64) -> Line {
    let line = line.trim();
    if line.is_empty() {
        return Line::Blank;
    }
    if line.eq_ignore_ascii_case(BATCH) {
        return Line::Batch;
    }
    if line.starts_with('{') {
        // Whatever it is, it goes to the topic, as from any other producer.
        let event = Codec::Json.decode("orders", b"", line.as_bytes(), now);
        let key = event.map_or_else(|_| Vec::new(), |event| event.key().as_bytes().to_vec());
        return Line::Message(key, line.into());
    }
    let Some((name, amount)) = line.rsplit_once(char::is_whitespace) else {
        return Line::Unclear("amount is missing".into());
    };
    match parse(amount.as_bytes(), MONEY) {
        Err(error) => Line::Unclear(format!("amount {amount} {error}")),
        Ok(amount) => {
            let (kind, customer) = (OrderKind::Placed, Name::new(name.trim_end()));
            let event = Event::Order(OrderEvent { kind, customer, order: 0, amount, time: now });
            let mut value = Vec::new();
            Codec::Json.encode(&event, &mut value);
            Line::Message(event.key().as_bytes().to_vec(), value)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(line: &str) -> (String, i64) {
        let Line::Message(key, value) = meant(line, 7) else { panic!("{line}: {:?}", meant(line, 7)) };
        let event = Codec::Json.decode("orders", &key, &value, 7).expect("it is an order");
        let Event::Order(order) = event else { panic!("{line} is no order") };
        assert_eq!(key, order.customer.as_bytes());
        (order.customer.to_string(), order.amount)
    }

    #[test]
    fn an_order_is_typed_in_two_ways() {
        assert_eq!(order(" Ali 80 "), ("Ali".into(), 8_000));
        assert_eq!(order("El Fallaki\t-12.5"), ("El Fallaki".into(), -1_250));
        assert_eq!(order(r#"{"customer":"Zoé \"Z\"","amount":0}"#), ("Zoé \"Z\"".into(), 0));
    }

    #[test]
    fn what_cannot_be_meant_is_told_apart_from_what_cannot_be_read() {
        assert_eq!([meant("  ", 0), meant("BATCH", 0)], [Line::Blank, Line::Batch]);
        assert_eq!(meant("Ali abc", 0), Line::Unclear("amount abc is not a number".into()));
        assert_eq!(meant("Ali", 0), Line::Unclear("amount is missing".into()));
        let poison = r#"{"customer":"Ali","amount":"a lot"}"#;
        assert_eq!(meant(poison, 0), Line::Message(Vec::new(), poison.into()));
    }
}
