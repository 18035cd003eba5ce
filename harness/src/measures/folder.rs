//! From the observations of a run folder to its measurements, every run judged again from its files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use workloads::faults::SourceFaults;

use super::cost::Number;
use super::judging::{Judged, judge_all};
use super::latency::{self, Latency};
use super::series::Series;
use super::{Measurement, consistency, cost, duplication, fired, number, standstills};
use crate::contestants::contestant;
use crate::contestants::noop::NOOP;
use crate::judge::{Class, Evidence};
use crate::observe::{Kind, Noise, Run};
use crate::plan::Plan;

/// What came of measuring a run folder.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// Runs measured.
    pub runs: u32,
    /// What was left out, each with why: runs that did not end as planned.
    pub unfinished: Vec<String>,
    /// Wrong reads of contestants that are not broken on purpose.
    pub wrong_reads: u64,
    /// Reads that a contestant did not answer while the plan paused or killed its components.
    pub unanswered: u64,
    /// Wrong final answers of theirs.
    pub wrong_finals: u64,
    /// Runs in which nothing was tested.
    pub vacuous: u32,
    /// Why they are that, where a planned fault did not happen.
    pub untested: Vec<String>,
}

/// Judges and measures every run of a folder, and writes `measurements.csv`, `reads.csv` and `measures/`. `told` hears
/// which run is being judged.
pub fn measure(run_folder: &Path, told: &mut dyn FnMut(&str)) -> anyhow::Result<Measured> {
    let mut desk = Desk::open(run_folder)?;
    let folders = folders(run_folder)?;
    ensure!(!folders.is_empty(), "no observations in {}: `wb run` makes them", run_folder.display());
    judge_all(run_folder, &folders, &mut |folder, judged| {
        told(&folder.strip_prefix(run_folder).unwrap_or(folder).display().to_string());
        let judged = judged().and_then(|judged| desk.one(folder, judged));
        judged.with_context(|| format!("measuring {}", folder.display()))
    })?;
    desk.finish()
}

/// The folders of observations, by workload, then contestant and repeat: runs over one history follow each other.
pub fn folders(run_folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for workload in entries(&run_folder.join("observations"))? {
        found.extend(entries(&workload)?.into_iter().filter(|folder| folder.join("run.json").is_file()));
    }
    Ok(found)
}

fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let what = || format!("no runs in {}: give the folder that `wb run` wrote", folder.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).with_context(what)? {
        let path = entry.with_context(what)?.path();
        if path.is_dir() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

struct Desk<'a> {
    folder: &'a Path,
    run: String,
    plan: Option<Plan>,
    faults: String,
    merged: BTreeMap<(String, String, &'static str), Latency>,
    series: Series,
    measurements: Vec<Measurement>,
    measured: Measured,
}

impl<'a> Desk<'a> {
    fn open(folder: &'a Path) -> anyhow::Result<Self> {
        let path = folder.join("plan.toml");
        let plan = if path.is_file() { Some(Plan::read(&path)?) } else { None };
        let run = folder.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
        Ok(Desk {
            folder,
            run,
            faults: plan.as_ref().map_or(String::new(), |plan| faults(&plan.faults)),
            plan,
            merged: BTreeMap::new(),
            series: Series::new()?,
            measurements: Vec::new(),
            measured: Measured::default(),
        })
    }

    fn one(&mut self, folder: &Path, judged: Judged) -> anyhow::Result<()> {
        let Judged { evidence, verdicts, accuracy } = judged;
        let run = &evidence.run;
        let Some(verdicts) = verdicts else {
            let name = format!("{} {} {}: {}", run.workload, run.contestant, run.repeat, run.ended);
            self.measured.unfinished.push(name);
            return Ok(());
        };
        let mut numbers = consistency::measure(&evidence, &verdicts);
        self.fired(&evidence, &mut numbers)?;
        numbers.extend(standstills::measure(&evidence)?);
        let latencies = latency::measure(&evidence, &verdicts)?;
        numbers.extend(latencies.iter().flat_map(Latency::numbers));
        numbers.extend(latency::round_trips(&evidence));
        numbers.push(number("dead-letters", "records", run.dead_letters as f64));
        numbers.extend(noise(&run.noise));
        numbers.extend(cost::measure(folder, run)?);
        numbers.extend(accuracy);
        self.series.run(&evidence, &verdicts, &latencies, &self.faults)?;
        self.score(&evidence, &verdicts.reads, &numbers);
        self.note(run, numbers);
        for latency in latencies {
            let key = (run.workload.clone(), run.contestant.clone(), latency.stop);
            match self.merged.get_mut(&key) {
                Some(merged) => merged.merge(&latency),
                None => drop(self.merged.insert(key, latency)),
            }
        }
        Ok(())
    }

    /// A planned fault that did not happen makes a run a vacuous one, whatever else was tested.
    fn fired(&mut self, evidence: &Evidence, numbers: &mut Vec<Number>) -> anyhow::Result<()> {
        let run = &evidence.run;
        let Some(plan) = self.plan.as_ref().filter(|_| run.contestant != NOOP.name) else { return Ok(()) };
        let faults = fired(plan, self.folder, evidence)?;
        let missing = faults.iter().filter(|(_, fired)| !fired);
        let missing: Vec<&str> = missing.map(|(name, _)| name.as_str()).collect();
        numbers.push(number("faults.planned", "n", faults.len() as f64));
        numbers.push(number("faults.fired", "n", (faults.len() - missing.len()) as f64));
        if !missing.is_empty() {
            let names = missing.join(", ");
            let place = format!("{} {} {}", run.workload, run.contestant, run.repeat);
            self.measured.untested.push(format!("{place}: planned and did not happen: {names}"));
            let flags = numbers.iter_mut().filter(|number| number.measure == "vacuous");
            flags.for_each(|flag| flag.value = 1.0);
        }
        Ok(())
    }

    /// What the exit code depends on.
    fn score(&mut self, evidence: &Evidence, reads: &[crate::judge::Verdict], numbers: &[Number]) {
        self.measured.runs += 1;
        let fair = contestant(&evidence.run.contestant).is_none_or(|contestant| contestant.broken.is_none());
        let silent = reads.iter().all(|verdict| verdict.class == Class::Undecidable);
        if !fair || silent {
            return;
        }
        let wrong = reads.iter().filter(|verdict| verdict.class.wrong()).count() as u64;
        let excused = self.plan.as_ref().is_some_and(Plan::disturbs);
        let unanswered =
            reads.iter().filter(|verdict| excused && verdict.class == Class::Error).count() as u64;
        self.measured.unanswered += unanswered;
        self.measured.wrong_reads += wrong - unanswered;
        let last = reads.iter().filter(|verdict| verdict.kind == Kind::Final);
        self.measured.wrong_finals += last.filter(|verdict| verdict.class != Class::Current).count() as u64;
        let vacuous = numbers.iter().any(|number| number.measure == "vacuous" && number.value > 0.0);
        self.measured.vacuous += u32::from(vacuous);
    }

    fn note(&mut self, run: &Run, numbers: Vec<Number>) {
        for number in numbers {
            let (workload, contestant) = (run.workload.clone(), run.contestant.clone());
            self.push(workload, contestant, run.repeat, number);
        }
    }

    fn push(&mut self, workload: String, contestant: String, repeat: u32, number: Number) {
        self.measurements.push(Measurement {
            run: self.run.clone(),
            plan: self.plan.as_ref().map_or(String::new(), |plan| plan.name.clone()),
            workload,
            faults: self.faults.clone(),
            contestant,
            repeat,
            measure: number.measure,
            unit: number.unit.into(),
            value: number.value,
        });
    }

    fn finish(mut self) -> anyhow::Result<Measured> {
        for ((workload, contestant, _), latency) in std::mem::take(&mut self.merged) {
            self.series.latency(&workload, &self.faults, &contestant, 0, &latency)?;
            for number in latency.numbers() {
                self.push(workload.clone(), contestant.clone(), 0, number);
            }
        }
        match duplication::measure() {
            Ok(counts) => counts.into_iter().for_each(|count| {
                let number = Number { measure: count.measure, unit: count.unit, value: count.value };
                self.push(count.workload, count.contestant.into(), 0, number);
            }),
            // What was measured of the runs is not thrown away for it.
            Err(error) => self.measured.unfinished.push(format!("the sources: {error:#}")),
        }
        let path = self.folder.join("measurements.csv");
        let mut file =
            csv::Writer::from_path(&path).with_context(|| format!("writing {}", path.display()))?;
        self.measurements.iter().try_for_each(|measurement| file.serialize(measurement))?;
        file.flush().with_context(|| format!("writing {}", path.display()))?;
        self.series.write(self.folder)?;
        Ok(self.measured)
    }
}

/// As a row says them: nothing where there are none.
fn faults(faults: &SourceFaults) -> String {
    if faults.none() { String::new() } else { faults.to_string() }
}

fn noise(noise: &Noise) -> Vec<Number> {
    vec![
        number("noise.pressure", "share", noise.pressure),
        number("noise.canary-p99", "us", noise.canary_p99_us),
        number("noise.canary-max", "us", noise.canary_max_us),
        number("noise.generator-p99", "us", noise.generator_p99_us),
        number("noise.generator-max", "us", noise.generator_max_us),
    ]
}
