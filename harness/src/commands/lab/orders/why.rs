//! Why a merge comes out as it does, told by the customers that are at hand.

use minijinja::Value;

use super::cases::Case;
use super::shown::listed;
use super::totals::{Totals, printable};
use crate::lang::{Lang, context};

/// What a case's reason may speak of: for whom the naive merge is wrong, who is not in it at all, one customer whom both
/// layers left out, and one who is counted in part.
pub(super) fn told(case: &Case, lang: Lang) -> Value {
    let Case { naive, right, .. } = case;
    let differs = |name: &&String| naive.0.get(*name) != right.0.get(*name);
    let mut wrong: Vec<&String> = naive.0.keys().chain(right.0.keys()).filter(differs).collect();
    wrong.sort_unstable();
    wrong.dedup();
    let missing = |name: &&&String| !naive.0.contains_key(**name);
    let owed = |name: &&String| format!("{} ({})", printable(name), right.shown(name, lang));
    let absent: Vec<String> = wrong.iter().filter(missing).map(owed).collect();
    let split = wrong.iter().find(missing).and_then(|name| split(case, name, lang));
    let short = wrong.iter().find(|name| !missing(name)).and_then(|name| short(case, name, lang));
    let wrong: Vec<String> = wrong.into_iter().map(|name| printable(name)).collect();
    context! { wrong => listed(&wrong), absent => listed(&absent), split, short }
}

/// Somebody of whom neither layer keeps anything.
fn split(case: &Case, name: &str, lang: Lang) -> Option<Value> {
    let [batch, speed] = case.whole.as_ref()?;
    let (total, shown) = (batch.plus(speed), |totals: &Totals| totals.shown(name, lang));
    let (batch, speed, total) = (shown(batch), shown(speed), shown(&total));
    Some(context! { name => printable(name), batch, speed, total })
}

/// Somebody of whom one layer keeps nothing, and what that is.
fn short(case: &Case, name: &str, lang: Lang) -> Option<Value> {
    let [batch, speed] = case.whole.as_ref()?;
    let part = batch.plus(speed).beyond(&case.naive).shown(name, lang);
    Some(context! { name => printable(name), part })
}
