//! The layers of `trades`, as plumbing sees them.

use workloads::calendar::Unit;
use workloads::intake::Duplicates;
use workloads::{Dedup, Event, Name, Query, Record, Rows, Terms, Version};

use super::Layers;
use crate::archive::{Archive, Groups, Reads};
use crate::batch::passes::{self, Counting, Found, Seen};
use crate::batch::trades::{Answers, Asked, Mark, Standing};
use crate::engine::{self, Engine};
use crate::error::LambdaError;
use crate::publication::table::loose::Loose;
use crate::publication::trades::TradesBase;
use crate::publication::{Files, Loaded, Part};
use crate::student::WrongMerge;
use crate::{batch, publication, serving, speed};

/// The layers of `trades`.
pub(crate) struct Trades;

impl Layers for Trades {
    type Base = TradesBase;
    type State = speed::trades::Changes;
    type Partial = speed::trades::Partial;
    type Cells = Self;
    type Growth = Self;

    fn batch(
        archive: &Archive,
        cut: &Version,
        terms: &Terms,
        seen: &mut Duplicates,
    ) -> Result<Files, LambdaError> {
        let (answers, names, trades) = computed(archive, cut, terms, seen, EVERYTHING)?;
        Ok(publication::trades::files(&names, &answers, trades))
    }

    fn some(
        archive: &Archive,
        cut: &Version,
        terms: &Terms,
        seen: &mut Duplicates,
        views: &[&str],
    ) -> Result<Files, LambdaError> {
        let (answers, names, trades) = computed(archive, cut, terms, seen, asked(views))?;
        Ok(publication::trades::files(&names, &answers, trades))
    }

    fn asked(
        engine: &dyn Engine,
        archive: &Archive,
        cut: &Version,
        terms: &Terms,
        seen: &mut Duplicates,
    ) -> Result<Files, LambdaError> {
        let index = Asked { index: true, ..Asked::default() };
        let (answers, names, trades) = computed(archive, cut, terms, seen, index)?;
        let mut session = engine::begin(engine, "trades", archive, cut, terms, seen.dedup())?;
        let answers = engine::trades::answers(&mut *session, answers, &names)?;
        Ok(publication::trades::files(&names, &answers, trades))
    }

    fn nothing(_: &Terms) -> Files {
        publication::trades::files(&[], &Answers::default(), Loose::<6>::default().table(1))
    }

    fn base(loaded: Loaded) -> Result<TradesBase, LambdaError> {
        TradesBase::open(loaded)
    }

    fn speed(
        terms: &Terms,
        base: &TradesBase,
        state: &mut Self::State,
        record: &Record,
    ) -> Result<(), LambdaError> {
        let Event::Trade(event) = &record.event else { return Ok(()) };
        speed::trades::apply(state, base, terms, event, record).map_err(super::look_up)
    }

    fn suspects(state: &mut Self::State) -> Vec<Query> {
        let query = |view: &str, key: String| Query { view: view.into(), key: Some(key) };
        let queries = |(name, day): (Name, i64)| {
            [query("range", Unit::Day.key(&name, day)), query("last", name.into())]
        };
        state.changed().into_iter().flat_map(queries).collect()
    }

    fn partial(state: &Self::State, query: &Query) -> Self::Partial {
        match (query.view.as_str(), &query.key) {
            ("mean" | "last", key) => state.symbols(&query.view, key.as_deref()),
            ("volume_hour", None) => state.hours(None),
            ("volume_hour", Some(key)) => match Unit::Hour.parse_key(key) {
                Some(key) => state.hours(Some(key)),
                None => Self::Partial::default(),
            },
            (_, None) => state.days(None),
            (_, Some(key)) => match Unit::Day.parse_key(key) {
                Some(key) => state.days(Some(key)),
                None => Self::Partial::default(),
            },
        }
    }

    fn serve(
        _: &Terms,
        base: &TradesBase,
        partial: &Self::Partial,
        query: &Query,
    ) -> Result<Option<Rows>, LambdaError> {
        serving::trades::serve(base, partial, query).map_err(super::look_up)
    }

    fn mistaken(
        _: &Terms,
        base: &TradesBase,
        partial: &Self::Partial,
        query: &Query,
        wrong: WrongMerge,
    ) -> Result<Option<Rows>, LambdaError> {
        serving::wrong::trades::serve(base, partial, query, wrong).map_err(super::look_up)
    }
}

/// Whatever is published.
const EVERYTHING: Asked =
    Asked { volume: true, value: true, range: true, hours: true, mean: true, latest: true, index: true };

/// What some views take.
fn asked(views: &[&str]) -> Asked {
    let any = |of: &[&str]| views.iter().any(|view| of.contains(view));
    Asked {
        volume: any(&["volume"]),
        value: any(&["vwap"]),
        range: any(&["range"]),
        hours: any(&["volume_hour"]),
        // Whether a symbol has a row is told by its count.
        mean: any(&["mean", "last"]),
        latest: any(&["last"]),
        index: false,
    }
}

/// What the archive holds below a cut, counted, with the names in it and the trades that marks can name.
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
            mark.symbol = map[mark.symbol as usize];
        })?,
        false => passes::Passed::without(),
    };
    let (marks, filters) = passed.split();
    let standing = Standing::new(marks, terms);
    let usual = columns(asked, !standing.is_empty());
    let reads = |group| {
        let columns = if filters.needed(group) { ALL } else { &usual };
        Some(Reads { columns, own: false })
    };
    let begin = || (Counting::<Answers>::new(), Loose::<6>::default());
    let counted = groups.trades(reads, begin, |(counting, trades), stretch, columns| {
        let Counting { answers, seen, .. } = counting.at(stretch, &filters);
        let how = (&standing, asked, terms);
        batch::trades::count((answers, stretch.keys), columns, seen, how, &mut |trade| {
            trades.push(publication::trades::trade(trade));
        });
    })?;
    let (counted, trades): (Vec<_>, Vec<_>) = counted.into_iter().unzip();
    let threads = groups.threads();
    let (mut answers, names) = passes::joined(groups, counted, batch::trades::join);
    answers.symbols.resize_with(names.len(), Default::default);
    answers.symbols.iter_mut().for_each(batch::trades::keep_latest);
    answers.marks = standing.into_marks();
    Ok((answers, names, passes::table(trades, threads)))
}

const ALL: &[&str] =
    &["offset", "source", "sequence", "price_e8", "volume_e8", "time", "target_source", "target_sequence"];

/// Columns of the second pass.
fn columns(asked: Asked, marked: bool) -> Vec<&'static str> {
    let (named, placed) = (asked.index || marked, asked.index || asked.latest);
    let each = [
        ("price_e8", true),
        ("volume_e8", true),
        ("time", true),
        ("source", named),
        ("sequence", named),
        ("offset", placed),
    ];
    each.into_iter().filter(|(_, wanted)| *wanted).map(|(name, _)| name).collect()
}

/// The first pass.
fn noted(dedup: Dedup) -> impl Fn(&Groups<'_>, Seen<'_>) -> passes::All<Mark> {
    move |groups, seen| {
        let reads = |group| seen(group).is_some().then(|| passes::noted(dedup, groups.marks(group) > 0, ALL));
        groups.trades(reads, Vec::new, |all, stretch, columns| {
            let found = Found::of(all, stretch, || seen(stretch.group).unwrap_or(Duplicates::new(dedup)));
            found.repeats |= batch::trades::mark(&mut found.marks, columns, &mut found.seen);
        })
    }
}
