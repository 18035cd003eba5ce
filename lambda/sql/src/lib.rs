//! The batch layer as SQL: one file per workload and view, run by DataFusion over the archive.
//!
//! `archive.sql` names the columns, `repeated_by_origin.sql` and `records_by_*.sql` count what came twice once,
//! `decided.sql` and `in_force.sql` apply what takes back and corrects, and the other files are a question each. They are in the words that DataFusion, DuckDB and Spark have
//! in common; `scripts/sql` runs them in the other two. Without the feature `sql` there are only the texts.

#[cfg(feature = "sql")]
mod answer;
#[cfg(feature = "sql")]
mod engine;
#[cfg(feature = "sql")]
mod rows;
mod texts;

#[cfg(feature = "sql")]
pub use answer::rows;
#[cfg(feature = "sql")]
pub use engine::DataFusion;
pub use texts::{Blanks, text};
