//! A log whose records are on their way for a moment, as those of a broker are.

use std::sync::Arc;

use workloads::log::{LogError, LogReader, RawRecord};
use workloads::{Log, Meta, Millis, Version};

/// Another log, every second read of which gives nothing.
pub(super) struct Hesitant(pub(super) Arc<dyn Log>);

struct HesitantReader {
    reader: Box<dyn LogReader>,
    ready: bool,
}

impl Log for Hesitant {
    fn meta(&self) -> &Meta {
        self.0.meta()
    }

    fn starts(&self) -> Result<Version, LogError> {
        self.0.starts()
    }

    fn heads(&self) -> Result<Version, LogError> {
        self.0.heads()
    }

    fn reader(&self, partition: u32, offset: u64) -> Result<Box<dyn LogReader>, LogError> {
        Ok(Box::new(HesitantReader { reader: self.0.reader(partition, offset)?, ready: false }))
    }

    fn offset_at(&self, partition: u32, time: Millis) -> Result<u64, LogError> {
        self.0.offset_at(partition, time)
    }
}

impl LogReader for HesitantReader {
    fn read(&mut self, upto: u64, max: usize, out: &mut Vec<RawRecord>) -> Result<usize, LogError> {
        self.ready = !self.ready;
        if self.ready { Ok(0) } else { self.reader.read(upto, max, out) }
    }

    fn position(&self) -> u64 {
        self.reader.position()
    }

    /// What is on its way comes with the next read.
    fn wait(&mut self, _upto: u64) -> Result<(), LogError> {
        Ok(())
    }
}
