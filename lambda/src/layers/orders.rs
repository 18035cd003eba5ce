//! The layers of `orders`, as plumbing sees them.

use workloads::intake::Duplicates;
use workloads::{Dedup, Event, Name, Query, Record, Rows, Terms, Version};

use super::Layers;
use crate::archive::{Archive, Groups, Reads};
use crate::batch::orders::{Answers, Asked, Mark, Standing};
use crate::batch::passes::{self, Counting, Found, Seen};
use crate::engine::{self, Engine};
use crate::error::LambdaError;
use crate::publication::orders::OrdersBase;
use crate::publication::table::loose::Loose;
use crate::publication::{Files, Loaded, Part};
use crate::speed::sketch::Sketches;
use crate::student::WrongMerge;
use crate::{batch, publication, serving, speed};

/// The layers of `orders`.
pub(crate) struct Orders;

impl Layers for Orders {
    type Base = OrdersBase;
    type State = speed::orders::Changes;
    type Partial = speed::orders::Partial;
    type Cells = Self;
    type Growth = Self;

    fn batch(
        archive: &Archive,
        cut: &Version,
        terms: &Terms,
        seen: &mut Duplicates,
    ) -> Result<Files, LambdaError> {
        let (answers, names, placed) = computed(archive, cut, terms, seen, EVERYTHING)?;
        Ok(publication::orders::files(&names, &answers, placed))
    }

    fn some(
        archive: &Archive,
        cut: &Version,
        terms: &Terms,
        seen: &mut Duplicates,
        views: &[&str],
    ) -> Result<Files, LambdaError> {
        let (answers, names, placed) = computed(archive, cut, terms, seen, asked(views))?;
        Ok(publication::orders::files(&names, &answers, placed))
    }

    fn asked(
        engine: &dyn Engine,
        archive: &Archive,
        cut: &Version,
        terms: &Terms,
        seen: &mut Duplicates,
    ) -> Result<Files, LambdaError> {
        // Members and amounts of the days, and who is listed, are part of the index: the records are counted for those.
        let (answers, names, placed) = computed(archive, cut, terms, seen, EVERYTHING)?;
        let mut session = engine::begin(engine, "orders", archive, cut, terms, seen.dedup())?;
        let answers = engine::orders::answers(&mut *session, answers, &names)?;
        Ok(publication::orders::files(&names, &answers, placed))
    }

    fn nothing(_: &Terms) -> Files {
        publication::orders::files(&[], &Answers::default(), Loose::<4>::default().table(1))
    }

    fn base(loaded: Loaded) -> Result<OrdersBase, LambdaError> {
        OrdersBase::open(loaded)
    }

    fn begin(sketches: Option<Sketches>) -> Self::State {
        speed::orders::Changes::new(sketches)
    }

    fn speed(
        terms: &Terms,
        base: &OrdersBase,
        state: &mut Self::State,
        record: &Record,
    ) -> Result<(), LambdaError> {
        let Event::Order(event) = &record.event else { return Ok(()) };
        speed::orders::apply(state, base, terms, event, record.place).map_err(super::look_up)
    }

    fn suspects(_: &mut Self::State) -> Vec<Query> {
        // Sums can be undone without end.
        Vec::new()
    }

    fn partial(state: &Self::State, query: &Query) -> Self::Partial {
        state.partial(&query.view, query.key.as_deref())
    }

    fn serve(
        terms: &Terms,
        base: &OrdersBase,
        partial: &Self::Partial,
        query: &Query,
    ) -> Result<Option<Rows>, LambdaError> {
        serving::orders::serve(terms, base, partial, query).map(Some).map_err(super::look_up)
    }

    fn held(state: &Self::State, view: &str) -> u64 {
        match view {
            "customers_per_day" => state.bytes().0,
            "median_order" => state.bytes().1,
            _ => 0,
        }
    }

    fn rank_error(state: &Self::State, day: i64) -> u64 {
        state.rank_error(day)
    }

    fn falls_back(base: &OrdersBase, partial: &Self::Partial, query: &Query) -> Result<bool, LambdaError> {
        match query.view.as_str() {
            "top_customers" => serving::orders::looks_at_everybody(base, partial).map_err(super::look_up),
            _ => Ok(false),
        }
    }

    fn mistaken(
        terms: &Terms,
        base: &OrdersBase,
        partial: &Self::Partial,
        query: &Query,
        wrong: WrongMerge,
    ) -> Result<Option<Rows>, LambdaError> {
        serving::wrong::orders::serve(terms, base, partial, query, wrong).map_err(super::look_up)
    }
}

/// Whatever is published.
const EVERYTHING: Asked =
    Asked { spent: true, large: true, revenue: true, members: true, amounts: true, index: true };

/// What some views take.
fn asked(views: &[&str]) -> Asked {
    let any = |of: &[&str]| views.iter().any(|view| of.contains(view));
    Asked {
        spent: any(&["spend", "big_spenders", "top_customers"]),
        large: any(&["large_orders"]),
        revenue: any(&["revenue"]),
        members: any(&["customers_per_day"]),
        amounts: any(&["median_order"]),
        index: false,
    }
}

/// What the archive holds below a cut, counted, with the names in it and the records that marks can name.
fn computed(
    archive: &Archive,
    cut: &Version,
    terms: &Terms,
    seen: &mut Duplicates,
    asked: Asked,
) -> Result<(Answers, Vec<Name>, Part), LambdaError> {
    let mut groups = archive.groups(cut)?;
    let marks = (0..groups.len()).any(|group| groups.marks(group) > 0);
    let tells = matches!(seen.dedup(), Dedup::Origin | Dedup::Content);
    let passed = match marks || tells || asked.index {
        true => passes::first(&mut groups, seen, &noted(seen.dedup()), |mark, map| {
            mark.customer = map[mark.customer as usize];
        })?,
        false => passes::Passed::without(),
    };
    let (marks, filters) = passed.split();
    let standing = Standing::new(marks, terms);
    let usual = columns(asked, !standing.is_empty(), terms);
    let doubtful: Vec<_> =
        ["source", "sequence", "offset"].into_iter().chain(usual.iter().copied()).collect();
    let reads = |group| {
        let columns = if filters.needed(group) { &doubtful } else { &usual };
        Some(Reads { columns, own: false })
    };
    let begin = || (Counting::<Answers>::new(), Loose::<4>::default());
    let counted = groups.orders(reads, begin, |(counting, placed), stretch, columns| {
        let Counting { answers, seen, .. } = counting.at(stretch, &filters);
        let how = (&standing, asked, terms);
        batch::orders::count((answers, stretch.keys), columns, seen, how, &mut |record| {
            placed.push(publication::orders::placed(record));
        });
    })?;
    let (counted, placed): (Vec<_>, Vec<_>) = counted.into_iter().unzip();
    let threads = groups.threads();
    let (mut answers, names) = passes::joined(groups, counted, batch::orders::join);
    answers.leaders = batch::orders::leaders(&answers.spent, &names);
    answers.marks = standing.into_marks();
    Ok((answers, names, passes::table(placed, threads)))
}

/// Columns of the second pass.
fn columns(asked: Asked, marked: bool, terms: &Terms) -> Vec<&'static str> {
    let dated = asked.members || asked.amounts || asked.index || marked && terms.cancel_horizon.is_some();
    let each = [("amount_cents", true), ("order", asked.index || marked), ("time", dated)];
    each.into_iter().filter(|(_, wanted)| *wanted).map(|(name, _)| name).collect()
}

/// The first pass.
fn noted(dedup: Dedup) -> impl Fn(&Groups<'_>, Seen<'_>) -> passes::All<Mark> {
    const ALL: &[&str] = &["offset", "source", "sequence", "order", "amount_cents", "time"];
    move |groups, seen| {
        let reads = |group| seen(group).is_some().then(|| passes::noted(dedup, groups.marks(group) > 0, ALL));
        groups.orders(reads, Vec::new, |all, stretch, columns| {
            let found = Found::of(all, stretch, || seen(stretch.group).unwrap_or(Duplicates::new(dedup)));
            found.repeats |= batch::orders::mark(&mut found.marks, columns, &mut found.seen);
        })
    }
}
