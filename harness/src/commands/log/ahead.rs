//! The first lines of an import, looked at before anything is made of them.

use std::collections::VecDeque;

use anyhow::ensure;

use super::fields::Fields;
use super::lines::{Line, Lines};
use super::reading::Reading;

/// So many lines are looked at.
const LOOK: usize = 100;

/// Pulls the first lines, which come back to be imported. Where not one of their times can be read, the format is
/// wrong and not the lines.
pub(super) fn first(lines: &mut Lines, fields: &Fields, reading: &Reading) -> anyhow::Result<VecDeque<Line>> {
    let mut first = VecDeque::new();
    while first.len() < LOOK
        && let Some(line) = lines.pull()?
    {
        first.push_back(line);
    }
    let time = |line: &Line| {
        let cells = line.cells.as_ref().ok()?;
        let given = !fields.text(cells, "time").is_empty();
        given.then(|| reading.time(fields, cells).map_err(|reason| (line.number, reason)))
    };
    let times: Vec<_> = first.iter().filter_map(time).collect();
    if let Some(Err((line, reason))) = times.first() {
        let format = reading.time_format.as_ref();
        let format = format.map_or(String::new(), |format| format!(" as --time-format {format}"));
        let none = times.iter().all(Result::is_err);
        ensure!(
            !none,
            "no time in the first {} lines can be read{format}: line {line}, {reason}",
            first.len()
        );
    }
    Ok(first)
}
