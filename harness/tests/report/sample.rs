//! A run folder with invented figures, of which every line of the report can be foretold.

use std::fmt::Write as _;
use std::path::Path;

use harness::observe::{Noise, Run};
use workloads::{Terms, Version};

/// What the invented run looks like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Repeats of orders; trades has two.
    pub(crate) repeats: u32,
    /// Whether Lambda jumps at publications.
    pub(crate) wrong: bool,
    /// How late the canary was, microseconds.
    pub(crate) canary_us: f64,
}

const UNTIL: i64 = 3_000_000;

/// Numbers that look like chance and are not: the same at every call.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Writes the folder.
pub(crate) fn write(dir: &Path, sample: Sample) {
    std::fs::create_dir_all(dir.join("measures")).unwrap();
    let mut table = String::from("run,plan,workload,faults,contestant,repeat,measure,unit,value\n");
    let mut files = Files::default();
    for (workload, repeats) in [("orders", sample.repeats), ("trades", 2)] {
        for contestant in ["kappa", "lambda", "noop"] {
            let repeats = if contestant == "noop" { 1 } else { repeats };
            for repeat in 1..=repeats {
                measure(&mut table, workload, contestant, repeat, sample);
                observation(dir, workload, contestant, repeat, sample.canary_us);
            }
            if contestant != "noop" {
                files.add(workload, contestant, sample);
                merged(&mut table, workload, contestant);
            }
        }
    }
    code(&mut table);
    files.write(dir, sample.wrong);
    std::fs::write(dir.join("measurements.csv"), table).unwrap();
    std::fs::write(dir.join("plan.toml"), "[run]\nseed = 7\nrate = 20000\n").unwrap();
    let manifest =
        r#"{"revision": "abc1234", "machine": {"cpu": "invented, 2 cores", "cores": 2}, "seed": 7}"#;
    std::fs::write(dir.join("manifest.json"), manifest).unwrap();
}

fn row(table: &mut String, of: (&str, &str, u32), measure: &str, unit: &str, value: f64) {
    let (workload, contestant, repeat) = of;
    writeln!(table, "sample,default,{workload},,{contestant},{repeat},{measure},{unit},{value}").unwrap();
}

fn measure(table: &mut String, workload: &str, contestant: &str, repeat: u32, sample: Sample) {
    let of = (workload, contestant, repeat);
    let step = f64::from(repeat) / 100.0;
    let parts: &[(&str, f64, f64)] = match contestant {
        "kappa" => &[("kappa", 6.0, 700e6)],
        "lambda" => &[("batch", 9.0, 900e6), ("speed", 3.0, 150e6), ("serving", 1.5, 250e6)],
        _ => &[("noop", 0.2, 5e6)],
    };
    for (part, cpu, memory) in parts {
        row(table, of, &format!("cpu.per-million.{part}"), "s", cpu * (1.0 + step));
        row(table, of, &format!("memory.peak.{part}"), "bytes", *memory);
    }
    let cpu: f64 = parts.iter().map(|part| part.1).sum();
    row(table, of, "cpu.per-million", "s", cpu * (1.0 + step));
    row(table, of, "cpu.total", "s", cpu * 0.06);
    row(table, of, "memory.peak", "bytes", parts.iter().map(|part| part.2).sum());
    row(table, of, "bytes.written", "bytes", if contestant == "lambda" { 80e6 } else { 1e6 });
    row(table, of, "bytes.kept", "bytes", if contestant == "lambda" { 120e6 } else { 2e6 });
    if contestant == "noop" {
        return;
    }
    let stale = if contestant == "lambda" { 0.04 + step / 10.0 } else { 0.001 + step / 100.0 };
    let wrong = if sample.wrong && contestant == "lambda" { 0.01 } else { 0.0 };
    for kind in ["uniform", "recent", "total", "pair", "whole"] {
        row(table, of, &format!("reads.{kind}"), "reads", 500.0);
        row(table, of, &format!("share.{kind}.current"), "share", 1.0 - stale - wrong);
        row(table, of, &format!("share.{kind}.stale"), "share", stale);
        row(table, of, &format!("share.{kind}.impossible"), "share", wrong);
        row(table, of, &format!("share0.{kind}.current"), "share", 0.8 - stale);
        row(table, of, &format!("wrong.{kind}"), "reads", 500.0 * wrong);
    }
    row(table, of, "final.rows", "rows", 10_000.0);
    row(table, of, "final.wrong", "rows", 0.0);
    let slow = if contestant == "lambda" { 4.0 } else { 1.0 };
    row(table, of, "latency.speed.p50", "us", 1_500.0 * slow * (1.0 + step));
    row(table, of, "latency.speed.p99", "us", 4_000.0 * slow * (1.0 + step));
}

fn merged(table: &mut String, workload: &str, contestant: &str) {
    let of = (workload, contestant, 0);
    let slow = if contestant == "lambda" { 4.0 } else { 1.0 };
    for (part, value) in
        [("p50", 1_510.0), ("p90", 2_700.0), ("p99", 4_050.0), ("p99.9", 9_000.0), ("max", 12_345.0)]
    {
        row(table, of, &format!("latency.speed.{part}"), "us", value * slow);
    }
    row(table, of, "latency.speed.n", "events", 300_000.0);
    row(table, of, "latency.speed.censored", "events", 0.0);
    row(table, of, "latency.speed.within", "share", if slow > 1.0 { 0.93 } else { 0.9995 });
    row(table, of, "staleness.uniform.p99", "us", 3_000.0 * slow);
    if contestant == "lambda" {
        row(table, of, "latency.batch.p50", "us", 400_000.0);
        row(table, of, "latency.batch.p99", "us", 900_000.0);
        row(table, of, "latency.batch.n", "events", 280_000.0);
        row(table, of, "latency.batch.censored", "events", 20_000.0);
    }
}

fn code(table: &mut String) {
    for (workload, letter, rules) in [("orders", 'O', 14), ("trades", 'T', 15)] {
        for rule in 1..=rules {
            for place in ["batch", "speed", "serving"] {
                let sites =
                    if place == "serving" { u32::from(rule % 3 == 0) } else { 1 + u32::from(rule % 5 == 2) };
                row(
                    table,
                    (workload, "lambda", 0),
                    &format!("code.sites.{letter}{rule}.{place}"),
                    "sites",
                    sites.into(),
                );
            }
            row(table, (workload, "kappa", 0), &format!("code.sites.{letter}{rule}.views"), "sites", 1.0);
        }
        for (contestant, sites, lines) in [("lambda", 2.7, 620.0), ("kappa", 1.0, 210.0)] {
            row(table, (workload, contestant, 0), "code.sites-per-rule", "sites", sites);
            row(table, (workload, contestant, 0), "code.lines.logic", "lines", lines);
        }
        for (place, lines) in [("batch", 250.0), ("speed", 280.0), ("serving", 90.0)] {
            row(table, (workload, "lambda", 0), &format!("code.lines.{place}"), "lines", lines);
        }
        row(table, (workload, "kappa", 0), "code.lines.views", "lines", 210.0);
        row(table, (workload, "lambda", 0), "code.clones.batch-vs-speed", "share", 0.34);
        row(table, (workload, "lambda", 0), "code.clones.floor-views-vs-batch", "share", 0.11);
    }
    row(table, ("", "lambda", 0), "code.lines.plumbing", "lines", 1_400.0);
    row(table, ("", "kappa", 0), "code.lines.plumbing", "lines", 600.0);
}

/// The series behind the figures.
struct Files {
    staleness: String,
    blocks: String,
    exceedance: String,
    times: String,
}

impl Default for Files {
    fn default() -> Self {
        Files {
            staleness:
                "workload,contestant,repeat,read,kind,at_us,class,behind_us,value_behind_us,behind_events\n"
                    .into(),
            blocks: "workload,contestant,repeat,what,from_us,until_us,detail\n".into(),
            exceedance:
                "workload,faults,contestant,repeat,stop,corrected,latency_us,share_above,n,censored\n".into(),
            times: "workload,faults,contestant,repeat,stop,at_us,p50_us,p99_us,max_us,n\n".into(),
        }
    }
}

impl Files {
    fn add(&mut self, workload: &str, contestant: &str, sample: Sample) {
        let mut chance = Chance(workload.len() as u64 * 31 + contestant.len() as u64);
        let slow = if contestant == "lambda" { 4.0 } else { 1.0 };
        for n in 0..600 {
            let at = n * 5_000 + (chance.next() * 4_000.0) as i64;
            let during = (at / 250_000) % 2 == 1 && contestant == "lambda";
            let behind = 1_000.0 + chance.next() * 3_000.0 * if during { slow } else { 1.0 };
            let class = match behind {
                _ if sample.wrong && contestant == "lambda" && at % 500_000 < 8_000 => "impossible",
                late if late > 10_000.0 => "stale",
                _ => "current",
            };
            writeln!(
                self.staleness,
                "{workload},{contestant},1,{n},uniform,{at},{class},{behind:.0},{behind:.0},20"
            )
            .unwrap();
        }
        if contestant == "lambda" {
            for n in 0..6 {
                let (from, until) = (n * 500_000 + 250_000, n * 500_000 + 480_000);
                writeln!(self.blocks, "{workload},{contestant},1,batch,{from},{until},").unwrap();
                writeln!(self.blocks, "{workload},{contestant},1,publication,{until},{until},").unwrap();
            }
        }
        for n in 0..60 {
            let latency = 300.0 * slow * 1.08f64.powi(n);
            let share = (-latency / (900.0 * slow)).exp().max(3e-6);
            writeln!(self.exceedance, "{workload},,{contestant},0,speed,true,{latency:.0},{share},300000,0")
                .unwrap();
            if contestant == "lambda" {
                let late = latency * 60.0;
                let share = (1.0 - f64::from(n) / 60.0).max(1e-4);
                writeln!(
                    self.exceedance,
                    "{workload},,{contestant},0,batch,true,{late:.0},{share},280000,20000"
                )
                .unwrap();
            }
        }
        for n in 0..150 {
            let at = n * 20_000;
            let p99 = (1_500.0 + chance.next() * 1_000.0) * if (at / 250_000) % 2 == 1 { slow } else { 1.0 };
            writeln!(
                self.times,
                "{workload},,{contestant},1,speed,{at},{},{p99:.0},{},400",
                p99 / 2.0,
                p99 * 1.3
            )
            .unwrap();
        }
    }

    fn write(&self, dir: &Path, wrong: bool) {
        let measures = dir.join("measures");
        std::fs::write(measures.join("staleness.csv"), &self.staleness).unwrap();
        std::fs::write(measures.join("blocks.csv"), &self.blocks).unwrap();
        std::fs::write(measures.join("latency-ccdf.csv"), &self.exceedance).unwrap();
        std::fs::write(measures.join("latency-time.csv"), &self.times).unwrap();
        let head = "witness,workload,contestant,repeat,which,read,at_us,view,key,claimed,class,signature,served,truth,prefix,command\n";
        let line = "orders-lambda-1-first,orders,lambda,1,first,101,505000,spend,c17,\"[4000,4010]\",impossible,\
                    jump-at-publication,24000;2,12000;1,\"[3990,4001]\",wb answer orders spend --log logs/orders/lambda-1 --at 3990\n";
        std::fs::write(measures.join("witnesses.csv"), format!("{head}{}", if wrong { line } else { "" }))
            .unwrap();
    }
}

fn observation(dir: &Path, workload: &str, contestant: &str, repeat: u32, canary: f64) {
    let folder = dir.join(format!("observations/{workload}/{contestant}-{repeat}"));
    std::fs::create_dir_all(&folder).unwrap();
    let run = Run {
        workload: workload.into(),
        contestant: contestant.into(),
        repeat,
        log: format!("logs/{workload}/{contestant}-{repeat}").into(),
        clean_log: None,
        terms: Terms::default(),
        live_from: Version(vec![500_000; 4]),
        live_until_us: UNTIL,
        ended_us: UNTIL + 100_000,
        rate: 20_000.0,
        objective_us: 10_000,
        kept_bytes: 1_000,
        log_bytes: 200_000_000,
        dead_letters: 0,
        ended: "complete".into(),
        noise: Noise {
            pressure: 0.02,
            canary_p99_us: canary,
            canary_max_us: canary * 3.0,
            generator_p99_us: 900.0,
            generator_max_us: 2_500.0,
        },
    };
    std::fs::write(folder.join("run.json"), serde_json::to_string(&run).unwrap()).unwrap();
}
