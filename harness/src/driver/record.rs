//! Writes down what a run saw.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::Context;

use super::live::Lived;
use super::noise::quantile;
use super::{Interrupted, Job, Material};
use crate::contestants::{Contestant, Role};
use crate::observe::{self, Mark, Noise, Observation, ReadLines, Run, Usage, Watched};

/// Share of a sampling interval that a batch must have used a core to be called running.
const BUSY: f64 = 0.25;

/// What a run saw. Times of `heard` and `samples` are the driver's clock's, less `zero_us` the live part's.
pub struct Seen {
    /// What was announced, and by a component of which role.
    pub heard: Vec<(Role, Watched)>,
    /// The children's usage.
    pub samples: Vec<Usage>,
    /// The driver's time at which the live part began.
    pub zero_us: i64,
    /// The live part.
    pub lived: Lived,
    /// The last answers.
    pub finals: Vec<Observation>,
}

/// Where things are.
pub struct Paths<'a> {
    /// The observations.
    pub folder: &'a Path,
    /// The run's log.
    pub log: &'a Path,
    /// The contestant's folder.
    pub state: &'a Path,
}

/// Writes all of it.
pub fn record(
    job: &Job<'_>,
    material: &Material<'_>,
    contestant: &Contestant,
    paths: &Paths<'_>,
    mut seen: Seen,
    ended: &anyhow::Result<()>,
) -> anyhow::Result<Run> {
    for (_, watched) in &mut seen.heard {
        watched.received_us -= seen.zero_us;
    }
    for sample in &mut seen.samples {
        sample.at_us -= seen.zero_us;
    }
    let run = describe(job, material, contestant, paths, &mut seen, ended);
    let mut marks = std::mem::take(&mut seen.lived.marks);
    marks.extend(batches(&seen));
    marks.sort_by_key(|mark| mark.from_us);
    let mut reads = ReadLines::create(&paths.folder.join("reads.jsonl.gz"))?;
    let all = std::mem::take(&mut seen.lived.reads).into_iter().chain(std::mem::take(&mut seen.finals));
    for read in all {
        reads.write(read)?;
    }
    reads.finish()?;
    let watched: Vec<Watched> = seen.heard.into_iter().map(|(_, watched)| watched).collect();
    observe::write(&paths.folder.join("watched.jsonl.gz"), &watched)?;
    observe::write(&paths.folder.join("arrivals.jsonl.gz"), &seen.lived.appended.arrivals)?;
    observe::write(&paths.folder.join("usage.jsonl.gz"), &seen.samples)?;
    observe::write(&paths.folder.join("marks.jsonl.gz"), &marks)?;
    let file = paths.folder.join("run.json");
    let text = serde_json::to_string_pretty(&run).context("writing a run's description")?;
    fs::write(&file, text + "\n").with_context(|| format!("writing {}", file.display()))?;
    Ok(run)
}

fn describe(
    job: &Job<'_>,
    material: &Material<'_>,
    contestant: &Contestant,
    paths: &Paths<'_>,
    seen: &mut Seen,
    ended: &anyhow::Result<()>,
) -> Run {
    let (plan, spec, lived) = (job.plan, material.spec, &mut seen.lived);
    let answers = lived.reads.iter().chain(&seen.finals);
    let last = answers.map(|read| read.answered_us).max().unwrap_or(0);
    let serving = contestant.parts.iter().find(|part| part.role == Role::Serve);
    let letters = serving.map(|part| paths.folder.join(format!("{}.dead.jsonl", part.name)));
    let late = &mut lived.appended.late_us;
    Run {
        workload: spec.workload.clone(),
        contestant: spec.contestant.clone(),
        repeat: spec.repeat,
        log: relative(paths.log, job.out),
        clean_log: material.clean.as_deref().map(|log| relative(log, job.out)),
        terms: plan.terms.clone(),
        live_from: material.history.heads.clone(),
        live_until_us: material.schedule.until_us,
        ended_us: last,
        rate: plan.live.rate,
        objective_us: (plan.live.objective_ms * 1000.0) as i64,
        kept_bytes: size(paths.state),
        log_bytes: size(paths.log),
        dead_letters: letters.map_or(0, |letters| lines(&letters)),
        ended: how(ended),
        noise: Noise {
            pressure: lived.pressure,
            canary_p99_us: quantile(&mut lived.canary_us, 0.99),
            canary_max_us: quantile(&mut lived.canary_us, 1.0),
            generator_p99_us: quantile(late, 0.99),
            generator_max_us: quantile(late, 1.0),
        },
    }
}

fn how(ended: &anyhow::Result<()>) -> String {
    match ended {
        Err(error) if error.is::<Interrupted>() => "interrupted".to_owned(),
        Err(error) => format!("{error:#}"),
        Ok(()) => "complete".to_owned(),
    }
}

/// Publications, and when batches were running: as nobody tells, from the processor time of their component.
fn batches(seen: &Seen) -> Vec<Mark> {
    let publications = seen.heard.iter().filter(|(role, _)| *role == Role::Batch).map(|(_, watched)| Mark {
        from_us: watched.received_us,
        until_us: watched.received_us,
        what: "publication".into(),
        detail: watched.version.to_string(),
    });
    let mut marks: Vec<Mark> = publications.collect();
    let mut names: Vec<&String> = seen
        .heard
        .iter()
        .filter(|(role, _)| *role == Role::Batch)
        .map(|(_, watched)| &watched.component)
        .collect();
    names.dedup();
    for name in names {
        let samples: Vec<&Usage> = seen.samples.iter().filter(|sample| sample.component == *name).collect();
        let mut busy: Option<Mark> = None;
        for pair in samples.windows(2).filter(|pair| pair[0].pid == pair[1].pid) {
            let (from_us, until_us) = (pair[0].at_us, pair[1].at_us);
            let used =
                (pair[1].user_us + pair[1].system_us).saturating_sub(pair[0].user_us + pair[0].system_us);
            if used as f64 >= (until_us - from_us) as f64 * BUSY {
                let mark = || Mark { from_us, until_us, what: "batch".into(), detail: name.clone() };
                busy.get_or_insert_with(mark).until_us = until_us;
            } else {
                marks.extend(busy.take());
            }
        }
        marks.extend(busy);
    }
    marks
}

fn relative(path: &Path, base: &Path) -> std::path::PathBuf {
    path.strip_prefix(base).unwrap_or(path).to_path_buf()
}

/// Bytes of all files below a folder; 0 for one that is not there.
pub fn size(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let bytes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(about) if about.is_dir() => size(&entry.path()),
        Ok(about) => about.len(),
        Err(_) => 0,
    });
    bytes.sum()
}

fn lines(file: &Path) -> u64 {
    fs::File::open(file).map_or(0, |file| BufReader::new(file).lines().count() as u64)
}
