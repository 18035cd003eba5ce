//! A log as segment files.
