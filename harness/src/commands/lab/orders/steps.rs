//! The steps of the workshop, one after the other.

use std::io::IsTerminal;

use workloads::{Codec, Draft, Event};

use super::super::super::{World, print};
use super::Arguments;
use super::cases::{self, Case};
use super::cast::Cast;
use super::file;
use super::measured::Measured;
use super::seed::{Amounts, HISTORY, NEWCOMER, STREAM};
use super::shown::{self, Column, columns, heading, in_line, say};
use super::totals::Totals;
use super::typed::Typing;
use super::view;
use crate::lang::context;

/// Customers whose file is shown.
const SHOWN: usize = 10;

/// What goes on.
pub(super) struct Lab<'a> {
    arguments: &'a Arguments,
    world: &'a World,
    cast: Cast<'a>,
    cases: Vec<Case>,
    /// Whether all orders are the document's, so that its values must come out.
    seeded: bool,
    /// Whether everything has been right so far.
    right: bool,
}

impl<'a> Lab<'a> {
    /// The batch file goes into the log, and everybody's batch takes it in.
    pub(super) fn begin(arguments: &'a Arguments, world: &'a World) -> anyhow::Result<Self> {
        let lang = world.lang;
        say(lang, "orders.welcome", ())?;
        let orders = arguments.read(world)?;
        let ground = arguments.ground()?;
        let mut stage = ground.open("orders", Codec::Json, world)?;
        let held = stage.log.heads()?.total();
        let log = ground.log.unwrap_or_default();
        say(lang, if held == 0 { "orders.log" } else { "orders.log-held" }, context! { log, held })?;
        if held == 0 {
            stage.append(&drafts(&orders), world.clock.millis())?;
        }
        let seeded = held == 0 && file::is(&orders, HISTORY);
        if !seeded {
            say(lang, "orders.own", ())?;
        }
        let cast = Cast::start(stage, &arguments.out, world)?;
        heading(lang, "orders.batch-layer")?;
        columns(lang, &[Column::of("orders.batch", &cast.batch("spend")?.into())])?;
        say(lang, "orders.batch-knows", ())?;
        Ok(Lab { arguments, world, cast, cases: Vec::new(), seeded, right: true })
    }

    /// The stream's orders come, and both layers are merged.
    pub(super) fn stream(&mut self) -> anyhow::Result<()> {
        let lang = self.world.lang;
        heading(lang, "orders.speed-layer")?;
        for order in STREAM {
            print::text(&format!("  {}", file::message(order)))?;
        }
        self.send(STREAM)?;
        columns(lang, &[Column::of("orders.speed", &self.cast.speed("spend")?.into())])?;
        say(lang, "orders.speed-knows", ())?;
        let base = cases::base(&mut self.cast)?;
        self.keep(base)
    }

    /// The exercises, and two ways to go wrong that are none.
    pub(super) fn exercises(&mut self) -> anyhow::Result<()> {
        let batch = cases::filtered_batch(&mut self.cast)?;
        self.keep(batch)?;
        let both = cases::filtered_both(&mut self.cast)?;
        self.keep(both)?;
        let stream = cases::filtered_stream(&mut self.cast)?;
        self.keep(stream)?;
        self.write_view()?;
        let forgotten = cases::forgotten(&mut self.cast)?;
        self.keep(forgotten)?;
        self.send(NEWCOMER)?;
        let unseen = cases::unseen(&mut self.cast)?;
        self.keep(unseen)
    }

    /// Orders come over the topic, as the document's producer writes them.
    fn send(&mut self, orders: Amounts) -> anyhow::Result<()> {
        for order in orders {
            let message = file::message(order);
            self.cast.stage.send(order.0.as_bytes(), message.as_bytes(), self.world.clock.millis())?;
        }
        self.cast.follow()
    }

    fn keep(&mut self, case: Case) -> anyhow::Result<()> {
        shown::case(self.world.lang, &case, self.seeded)?;
        self.right &= case.agreed() && (case.golden() || !self.seeded);
        self.cases.push(case);
        Ok(())
    }

    /// Exercise 4.
    fn write_view(&mut self) -> anyhow::Result<()> {
        let (lang, out) = (self.world.lang, &self.arguments.out);
        heading(lang, "orders.view-file")?;
        let totals: Totals = self.cast.merged("spend")?.into();
        let text = view::write(out, &totals)?;
        if totals.0.len() <= SHOWN {
            print::text(&text)?;
        }
        say(lang, "orders.view-written", context! { path => out.join(view::NAME).display().to_string() })
    }

    /// The same questions to the Kappa.
    pub(super) fn kappa(&mut self) -> anyhow::Result<()> {
        let lang = self.world.lang;
        view::write(&self.arguments.out, &self.cast.merged("spend")?.into())?;
        heading(lang, "orders.kappa-title")?;
        say(lang, "orders.kappa-does", ())?;
        let views = [
            ("spend", "orders.view-spend"),
            ("big_spenders", "orders.view-big"),
            ("large_orders", "orders.view-large"),
        ];
        for (view, key) in views {
            let (kappa, merged): (Totals, Totals) =
                (self.cast.kappa(view)?.into(), self.cast.merged(view)?.into());
            let same = kappa == merged && kappa == self.cast.truth(view)?.into();
            self.right &= same;
            let same = lang.text(if same { "orders.same" } else { "orders.different" });
            say(lang, key, context! { answer => in_line(&kappa, lang), same })?;
        }
        Ok(())
    }

    /// All cases in one table.
    pub(super) fn golden(&self) -> anyhow::Result<()> {
        heading(self.world.lang, "orders.golden")?;
        shown::golden(self.world.lang, &self.cases, self.seeded)
    }

    /// Whether everything came out as it must.
    pub(super) fn right(&self) -> bool {
        self.right
    }

    /// Questions 5 and 6.
    pub(super) fn questions(&self) -> anyhow::Result<()> {
        if self.arguments.events == 0 {
            return Ok(());
        }
        let measured = Measured::over(self.arguments.events, &self.arguments.ground, self.world)?;
        measured.limits(&self.cast)?;
        measured.motivation()
    }

    /// Somebody's own orders, and what all of them come to.
    pub(super) fn typing(&mut self) -> anyhow::Result<()> {
        let lang = self.world.lang;
        if !self.arguments.typed && !std::io::stdin().is_terminal() {
            return say(lang, "orders.type-how", ());
        }
        heading(lang, "orders.type-title")?;
        say(lang, "orders.type-what", ())?;
        Typing::new(&mut self.cast, &self.arguments.out, self.world)?.run()?;
        let [batch, speed]: [Totals; 2] =
            [self.cast.batch("spend")?.into(), self.cast.speed("spend")?.into()];
        let [merged, kappa]: [Totals; 2] =
            [self.cast.merged("spend")?.into(), self.cast.kappa("spend")?.into()];
        heading(lang, "orders.end")?;
        let shown = [
            Column::of("orders.batch", &batch),
            Column::of("orders.speed", &speed),
            Column::of("orders.merged", &merged),
            Column::of("orders.kappa", &kappa),
        ];
        columns(lang, &shown)?;
        let same = merged == kappa && merged == self.cast.truth("spend")?.into();
        self.right &= same;
        say(lang, if same { "orders.all-agree" } else { "orders.disagreed" }, ())
    }
}

/// Orders without an origin, as foreign producers write them.
fn drafts(orders: &[Event]) -> Vec<Draft> {
    orders.iter().map(|event| Draft { origin: None, intended: 0, event: event.clone() }).collect()
}
