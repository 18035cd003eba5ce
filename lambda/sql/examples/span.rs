//! Times the batch over an archive, on command: `span FOLDER WORKLOAD PARTITIONS DEDUP` reads lines from its input.
//! `batch` recomputes everything with its index, as the lambda does; `fold VIEW..` computes some views as the batch does,
//! into rows in memory; `ask VIEW..` has DataFusion do that, if it is in this build. Each line is answered with the
//! seconds that it took. `rows VIEW` is answered with how many rows there are, and with the rows. What `scripts/peers`
//! talks to.

use std::error::Error;
use std::io::{Write, stdin, stdout};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use lambda::alone::{answer, recompute};
use lambda::archive::Archive;
use workloads::files::{RealDisk, SharedDisk};
use workloads::{Dedup, Rows, Terms};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, workload, partitions, dedup] = arguments.as_slice() else {
        return Err("usage: span FOLDER WORKLOAD PARTITIONS DEDUP".into());
    };
    let disk: SharedDisk = Arc::new(RealDisk);
    let archive = Archive::open(&disk, Path::new(folder), workload, partitions.parse()?)?;
    let dedup = match dedup.as_str() {
        "offset" => Dedup::Offset,
        "origin" => Dedup::Origin,
        other => return Err(format!("no duplicates are recognised by {other}: offset or origin").into()),
    };
    let terms = Terms::default();
    let fold = |views: &[&str]| answer(workload, views, &archive, archive.sealed(), &terms, dedup);
    for line in stdin().lines() {
        let line = line?;
        let began = Instant::now();
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["batch"] => drop(recompute(workload, &archive, archive.sealed(), &terms, dedup)?),
            ["fold", views @ ..] => drop(fold(views)?),
            ["ask", views @ ..] => ask(&archive, workload, dedup, views)?,
            ["rows", view] => {
                print(&fold(&[view])?.remove(0))?;
                continue;
            }
            _ => return Err(format!("{line}: none of batch, fold, ask and rows").into()),
        }
        println!("{:.6}", began.elapsed().as_secs_f64());
    }
    Ok(())
}

fn print(rows: &Rows) -> Result<(), Box<dyn Error>> {
    let mut out = stdout().lock();
    writeln!(out, "{}", rows.len())?;
    for (key, row) in rows {
        writeln!(out, "{key},{}", row.iter().map(i128::to_string).collect::<Vec<_>>().join(","))?;
    }
    Ok(())
}

#[cfg(feature = "sql")]
fn ask(archive: &Archive, workload: &str, dedup: Dedup, views: &[&str]) -> Result<(), Box<dyn Error>> {
    use lambda::{Engine, Held};
    let terms = Terms::default();
    let (files, _) = archive.held(archive.sealed())?;
    let held = Held { workload, files, below: None, terms: &terms, dedup, nearest: 8, latest: 16 };
    let mut session = lambda_sql::DataFusion::new(2)?.begin(&held)?;
    let mut rows = 0_u64;
    for view in views {
        session.ask(view, &mut |_, _| {
            rows += 1;
            Ok(())
        })?;
    }
    eprintln!("{rows} rows");
    Ok(())
}

#[cfg(not(feature = "sql"))]
fn ask(_: &Archive, _: &str, _: Dedup, _: &[&str]) -> Result<(), Box<dyn Error>> {
    Err("there is no DataFusion in this build: build it with --features sql".into())
}
