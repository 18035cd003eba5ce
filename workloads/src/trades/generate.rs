//! Placeholder.
use crate::{Draft, Shape};
/// Placeholder.
pub(super) fn generate(_shape: &Shape) -> Box<dyn Iterator<Item = Draft> + Send> {
    Box::new(std::iter::empty())
}
