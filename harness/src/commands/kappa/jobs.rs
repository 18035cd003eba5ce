//! What is said of the jobs of a running kappa, and the changed question that it is asked.

use std::path::Path;
use std::time::Duration;

use ::kappa::{Stage, Status, Task};
use anyhow::anyhow;
use workloads::Terms;

use super::super::print::{self, Format, Value};
use crate::driver::client::Client;
use crate::protocol::JobOrder;

/// How long a contestant may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Wishes something of the kappa that listens there, and prints which jobs it then has.
pub fn order(socket: &Path, order: &JobOrder, format: Format) -> anyhow::Result<()> {
    let status = Client::connect(socket, PATIENCE)?.order(order)?;
    print::rows(format, &["job", "stage", "records", "version", "terms"], &rows(&status)?)
}

/// The terms of the job that answers.
pub fn terms(socket: &Path) -> anyhow::Result<Terms> {
    Ok(Client::connect(socket, PATIENCE)?.order(&JobOrder::Status)?.task.terms)
}

fn rows(status: &Status) -> anyhow::Result<Vec<Vec<Value>>> {
    let row = |job: u32, stage: &str, version: &workloads::Version, task: &Task| {
        Ok(vec![
            Value::Integer(job.into()),
            stage.into(),
            Value::Integer(version.total().into()),
            version.to_string().into(),
            serde_json::to_string(&task.terms)?.into(),
        ])
    };
    let answers = row(status.job, "answers", &status.version, &status.task);
    let beside = status.beside.iter().map(|it| row(it.job, stage(it.stage), &it.version, &it.task));
    std::iter::once(answers).chain(beside).collect()
}

fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::CatchingUp => "catching up",
        Stage::Following => "about to answer",
        Stage::Kept => "kept until confirmed",
        Stage::MadeAgain => "made again",
    }
}

/// Terms with changes such as `big_above=500,cancel_horizon=600000`; `cancel_horizon=none` lifts the horizon.
pub fn changed(terms: &Terms, changes: &str) -> anyhow::Result<Terms> {
    let mut value = serde_json::to_value(terms)?;
    for change in changes.split(',').map(str::trim).filter(|change| !change.is_empty()) {
        let (name, to) = change.split_once('=').ok_or_else(|| anyhow!("`{change}` is not name=value"))?;
        let (name, to) = (name.trim().replace('-', "_"), to.trim());
        let known = value.get_mut(&name);
        let known = known.ok_or_else(|| {
            anyhow!("no term `{name}`: there are dedup, cancel_horizon, big_above and large_from")
        })?;
        *known = match to {
            "none" if name == "cancel_horizon" => serde_json::Value::Null,
            number => number.parse::<i64>().map_or_else(|_| number.into(), Into::into),
        };
    }
    serde_json::from_value(value).map_err(|error| anyhow!("{changes}: {error}"))
}

#[cfg(test)]
mod tests {
    use workloads::Dedup;

    use super::*;

    #[test]
    fn terms_are_changed_one_by_one() {
        let terms = changed(&Terms::default(), "big-above=5, cancel_horizon=60,dedup=offset").unwrap();
        let horizon = Some(60);
        assert_eq!(
            terms,
            Terms { big_above: 5, cancel_horizon: horizon, dedup: Dedup::Offset, ..Terms::default() }
        );
        assert_eq!(changed(&terms, "cancel_horizon=none").unwrap().cancel_horizon, None);
        for wrong in ["big_above", "bigger=1", "big_above=x", "dedup=3"] {
            assert!(changed(&terms, wrong).is_err(), "{wrong}");
        }
    }
}
