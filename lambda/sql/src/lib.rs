//! The batch layer as SQL: one file per workload and view, run by DataFusion over the archive.
