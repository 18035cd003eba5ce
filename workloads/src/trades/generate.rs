//! Placeholder.
use crate::{Draft, Shape};
/// Placeholder.
pub fn generate(_shape: &Shape) -> Box<dyn Iterator<Item = Draft> + Send> {
    Box::new(std::iter::empty())
}
