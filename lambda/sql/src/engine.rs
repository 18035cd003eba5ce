//! DataFusion over the files of an archive.

use std::sync::Arc;

use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::object_store::memory::InMemory;
use datafusion::object_store::{ObjectStoreExt, path::Path};
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use lambda::{Each, Engine, EngineError, Held, Session};
use tokio::runtime::{Builder, Runtime};
use workloads::{Dedup, Terms, Version};

use crate::rows;
use crate::texts::{Blanks, records, text};

/// Where the files are found by their session. They have been read and checked already: the archive may lie on any disk.
const HELD: &str = "archive://held/";

/// DataFusion, as an engine of the batch.
pub struct DataFusion {
    runtime: Arc<Runtime>,
    threads: usize,
}

impl DataFusion {
    /// With so many threads.
    pub fn new(threads: usize) -> Result<Self, EngineError> {
        let runtime = Builder::new_multi_thread().worker_threads(threads).build();
        let runtime = runtime.map_err(|error| failed("starting its threads", error))?;
        Ok(DataFusion { runtime: Arc::new(runtime), threads })
    }
}

impl Engine for DataFusion {
    fn begin(&self, held: &Held<'_>) -> Result<Box<dyn Session>, EngineError> {
        let mut asked = Asked {
            runtime: self.runtime.clone(),
            context: SessionContext::new_with_config(settings(self.threads)),
            workload: held.workload.to_owned(),
            terms: held.terms.clone(),
            below: held.below.cloned(),
            nearest: held.nearest,
            latest: held.latest,
            empty: held.files.is_empty(),
        };
        if !asked.empty {
            asked.prepare(held)?;
        }
        Ok(Box::new(asked))
    }
}

/// The texts name the smaller side of a join first. By its own estimates the engine would turn them round, and build its
/// table of the whole history in place of the few records that were marked.
fn settings(threads: usize) -> SessionConfig {
    SessionConfig::new()
        .with_target_partitions(threads)
        .set_bool("datafusion.optimizer.join_reordering", false)
}

/// A history with its relations.
struct Asked {
    runtime: Arc<Runtime>,
    context: SessionContext,
    workload: String,
    terms: Terms,
    below: Option<Version>,
    nearest: usize,
    latest: usize,
    /// Whether there is nothing to ask of.
    empty: bool,
}

impl Session for Asked {
    fn ask(&mut self, question: &str, each: Each<'_>) -> Result<(), EngineError> {
        if self.empty {
            return Ok(());
        }
        let path = format!("{}/{question}", self.workload);
        let text = self.text(&path)?;
        let what = format!("answering {path}");
        let batches = self
            .runtime
            .block_on(async { self.context.sql(&text).await?.collect().await })
            .map_err(|error| failed(&what, error))?;
        batches.iter().try_for_each(|batch| rows::hand(&what, batch, each))
    }
}

impl Asked {
    /// Makes the relations that the questions are asked of, each over the one before. What every question would find out
    /// again is found out here and kept: which origins came more than once, and which mark decides.
    fn prepare(&mut self, held: &Held<'_>) -> Result<(), EngineError> {
        self.files(held)?;
        let workload = self.workload.clone();
        self.relation("VIEW archive", &self.text(&format!("{workload}/archive"))?)?;
        if held.dedup == Dedup::Origin {
            self.relation("TABLE repeated", &self.text("repeated_by_origin")?)?;
        }
        let records = match records(&workload, held.dedup) {
            Some(path) => self.text(&path)?,
            // The archive holds each offset once.
            None => "SELECT * FROM archive".to_owned(),
        };
        self.relation("VIEW records", &records)?;
        let Ok(decided) = self.text(&format!("{workload}/decided")) else {
            // Nothing of this workload is ever taken back.
            return Ok(());
        };
        self.relation("TABLE decided", &decided)?;
        self.relation("VIEW in_force", &self.text(&format!("{workload}/in_force"))?)
    }

    fn files(&self, held: &Held<'_>) -> Result<(), EngineError> {
        let what = "reading the archive";
        let url = ObjectStoreUrl::parse(HELD).map_err(|error| failed(what, error))?;
        let store = Arc::new(InMemory::new());
        self.context.register_object_store(url.as_ref(), store.clone());
        self.runtime.block_on(async {
            for (number, bytes) in held.files.iter().enumerate() {
                let name = Path::from(format!("{number:06}.parquet"));
                store.put(&name, bytes.clone().into()).await.map_err(|error| failed(what, error))?;
            }
            let options = ParquetReadOptions::default();
            let registered = self.context.register_parquet("files", HELD, options).await;
            registered.map_err(|error| failed(what, error))
        })
    }

    fn relation(&self, name: &str, text: &str) -> Result<(), EngineError> {
        let made = self.runtime.block_on(self.context.sql(&format!("CREATE {name} AS {text}")));
        made.map(drop).map_err(|error| failed(&format!("making the relation {name}"), error))
    }

    fn text(&self, path: &str) -> Result<String, EngineError> {
        let blanks = Blanks {
            terms: &self.terms,
            below: self.below.as_ref(),
            nearest: self.nearest,
            latest: self.latest,
        };
        text(path, &blanks).ok_or_else(|| failed("looking for its text", format!("there is no {path}.sql")))
    }
}

fn failed(what: &str, cause: impl std::fmt::Display) -> EngineError {
    EngineError { what: what.to_owned(), cause: cause.to_string() }
}
