//! Times the batch over an archive, on command: `span FOLDER WORKLOAD PARTITIONS DEDUP` reads lines from its input.
//! `batch` recomputes everything with its index, as the lambda does; `ask VIEW..` has DataFusion answer some views into
//! memory. Each line is answered with the seconds that it took. What `scripts/peers` talks to.

use std::error::Error;
use std::io::stdin;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use lambda::alone::recompute;
use lambda::archive::Archive;
use lambda::{Engine, Held};
use workloads::files::{RealDisk, SharedDisk};
use workloads::{Dedup, Terms};

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
    for line in stdin().lines() {
        let line = line?;
        let began = Instant::now();
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["batch"] => {
                recompute(workload, &archive, archive.sealed(), &Terms::default(), dedup)?;
            }
            ["ask", views @ ..] => ask(&archive, workload, dedup, views)?,
            _ => return Err(format!("{line}: neither batch nor ask").into()),
        }
        println!("{:.6}", began.elapsed().as_secs_f64());
    }
    Ok(())
}

fn ask(archive: &Archive, workload: &str, dedup: Dedup, views: &[&str]) -> Result<(), Box<dyn Error>> {
    let terms = Terms::default();
    let (files, _) = archive.held(archive.sealed())?;
    let held = Held { workload, files, below: None, terms: &terms, dedup, nearest: 8, latest: 65 };
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
