//! The series that figures are drawn from: plain CSV under `measures/`, and `reads.csv`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;

use super::consistency::{episodes, kind_name};
use super::latency::Latency;
use super::standstills::standstills;
use crate::judge::{Evidence, Verdicts};
use crate::observe::{Kind, Run};

/// Width of a bin of `lanes.csv`.
const BIN: i64 = 20_000;

/// CSV files being filled, by name.
pub(super) struct Series {
    files: BTreeMap<&'static str, csv::Writer<Vec<u8>>>,
}

const COLUMNS: [(&str, &str); 10] = [
    (
        "reads.csv",
        "contestant,repeat,read,intended_us,sent_us,answered_us,kind,view,key,class,signature,behind_events,behind_us,claimed,witness",
    ),
    ("measures/lanes.csv", "workload,contestant,repeat,kind,from_us,until_us,class,reads"),
    (
        "measures/staleness.csv",
        "workload,contestant,repeat,read,kind,at_us,class,behind_us,value_behind_us,behind_events",
    ),
    ("measures/blocks.csv", "workload,contestant,repeat,what,from_us,until_us,detail"),
    (
        "measures/standstills.csv",
        "workload,contestant,repeat,what,detail,from_us,until_us,acknowledged_us,visible_us",
    ),
    ("measures/handovers.csv", "workload,contestant,repeat,at_us,version,jump"),
    (
        "measures/latency-ccdf.csv",
        "workload,faults,contestant,repeat,stop,corrected,latency_us,share_above,n,censored",
    ),
    ("measures/latency-time.csv", "workload,faults,contestant,repeat,stop,at_us,p50_us,p99_us,max_us,n"),
    ("measures/episodes.csv", "workload,contestant,repeat,kind,class,from_us,until_us,reads"),
    (
        "measures/witnesses.csv",
        "witness,workload,contestant,repeat,which,read,at_us,view,key,claimed,class,signature,served,truth,prefix,command",
    ),
];

/// A row of texts.
macro_rules! row {
    ($($value:expr),* $(,)?) => { vec![$($value.to_string()),*] };
}

impl Series {
    /// With their headings.
    pub(super) fn new() -> anyhow::Result<Self> {
        let mut files = BTreeMap::new();
        for (name, columns) in COLUMNS {
            let mut file = csv::Writer::from_writer(Vec::new());
            file.write_record(columns.split(','))?;
            files.insert(name, file);
        }
        Ok(Series { files })
    }

    fn add(&mut self, file: &str, row: Vec<String>) -> anyhow::Result<()> {
        let file = self.files.get_mut(file).with_context(|| format!("there is no series {file}"))?;
        Ok(file.write_record(row)?)
    }

    /// Adds one run.
    pub(super) fn run(
        &mut self,
        evidence: &Evidence,
        verdicts: &Verdicts,
        latencies: &[Latency],
        faults: &str,
    ) -> anyhow::Result<()> {
        let run = &evidence.run;
        self.reads(run, verdicts)?;
        self.lanes(run, verdicts)?;
        for mark in &evidence.marks {
            let (what, detail) = (&mark.what, &mark.detail);
            let row =
                row![run.workload, run.contestant, run.repeat, what, mark.from_us, mark.until_us, detail];
            self.add("measures/blocks.csv", row)?;
        }
        for it in standstills(evidence) {
            let (mark, acknowledged, visible) = (it.mark, it.acknowledged_us, it.visible_us);
            let row = row![
                run.workload,
                run.contestant,
                run.repeat,
                mark.what,
                mark.detail,
                mark.from_us,
                mark.until_us,
                acknowledged,
                visible
            ];
            self.add("measures/standstills.csv", row)?;
        }
        for publication in &verdicts.publications {
            let (at, version, jump) = (publication.at_us, &publication.version, publication.jump);
            self.add(
                "measures/handovers.csv",
                row![run.workload, run.contestant, run.repeat, at, version, jump],
            )?;
        }
        for it in episodes(verdicts) {
            let (kind, class) = (kind_name(it.kind), it.class.name());
            let row = row![
                run.workload,
                run.contestant,
                run.repeat,
                kind,
                class,
                it.from_us,
                it.until_us,
                it.reads
            ];
            self.add("measures/episodes.csv", row)?;
        }
        for latency in latencies {
            self.latency(&run.workload, faults, &run.contestant, run.repeat, latency)?;
        }
        self.witnesses(run, verdicts)
    }

    fn reads(&mut self, run: &Run, verdicts: &Verdicts) -> anyhow::Result<()> {
        for it in &verdicts.reads {
            let claimed = it.claimed.as_ref().map_or(String::new(), ToString::to_string);
            let witness = it.witness.map_or(String::new(), |which| name(run, which, it.class));
            let (kind, class, signature) = (kind_name(it.kind), it.class.name(), it.signature.name());
            let row = row![
                run.contestant,
                run.repeat,
                it.read,
                it.intended_us,
                it.sent_us,
                it.answered_us,
                kind,
                it.view,
                it.key,
                class,
                signature,
                it.behind_events,
                it.behind_us,
                claimed,
                witness
            ];
            self.add("reads.csv", row)?;
            if !matches!(it.kind, Kind::Past | Kind::Final) {
                let row = row![
                    run.workload,
                    run.contestant,
                    run.repeat,
                    it.read,
                    kind,
                    it.answered_us,
                    class,
                    it.behind_us,
                    it.value_behind_us,
                    it.behind_events
                ];
                self.add("measures/staleness.csv", row)?;
            }
        }
        Ok(())
    }

    fn lanes(&mut self, run: &Run, verdicts: &Verdicts) -> anyhow::Result<()> {
        let mut bins: BTreeMap<_, u64> = BTreeMap::new();
        for verdict in verdicts.reads.iter().filter(|verdict| verdict.kind != Kind::Final) {
            *bins.entry((verdict.kind, verdict.sent_us.div_euclid(BIN), verdict.class)).or_default() += 1;
        }
        for ((kind, bin, class), reads) in bins {
            let (from, until) = (bin * BIN, (bin + 1) * BIN);
            let row = row![
                run.workload,
                run.contestant,
                run.repeat,
                kind_name(kind),
                from,
                until,
                class.name(),
                reads
            ];
            self.add("measures/lanes.csv", row)?;
        }
        Ok(())
    }

    /// Adds the latencies of one run, or of all repeats as repeat 0.
    pub(super) fn latency(
        &mut self,
        workload: &str,
        faults: &str,
        contestant: &str,
        repeat: u32,
        latency: &Latency,
    ) -> anyhow::Result<()> {
        let (n, censored) = (latency.corrected.len(), latency.censored);
        for corrected in [true, false] {
            for (value, above) in latency.exceedance(corrected) {
                let row = row![
                    workload,
                    faults,
                    contestant,
                    repeat,
                    latency.stop,
                    corrected,
                    value,
                    above,
                    n,
                    censored
                ];
                self.add("measures/latency-ccdf.csv", row)?;
            }
        }
        for bin in &latency.bins {
            let [p50, p99, max] = bin.quantiles;
            let row =
                row![workload, faults, contestant, repeat, latency.stop, bin.at_us, p50, p99, max, bin.n];
            self.add("measures/latency-time.csv", row)?;
        }
        Ok(())
    }

    fn witnesses(&mut self, run: &Run, verdicts: &Verdicts) -> anyhow::Result<()> {
        for it in &verdicts.witnesses {
            let row = row![
                name(run, it.which, it.class),
                run.workload,
                run.contestant,
                run.repeat,
                it.which,
                it.read,
                it.at_us,
                it.view,
                it.key,
                it.claimed,
                it.class.name(),
                it.signature.name(),
                it.served,
                it.truth,
                it.prefix,
                it.command
            ];
            self.add("measures/witnesses.csv", row)?;
        }
        Ok(())
    }

    /// Writes the files.
    pub(super) fn write(self, run_folder: &Path) -> anyhow::Result<()> {
        let folder = run_folder.join("measures");
        std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        for (name, file) in self.files {
            let path = run_folder.join(name);
            std::fs::write(&path, file.into_inner()?)
                .with_context(|| format!("writing {}", path.display()))?;
        }
        Ok(())
    }
}

/// The name of a witness, unique in a run folder.
fn name(run: &Run, which: &str, class: crate::judge::Class) -> String {
    format!("{}-{}-{}-{}-{which}", run.workload, run.contestant, run.repeat, class.name())
}
