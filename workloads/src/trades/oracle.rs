//! Placeholder.
use crate::{Record, Row, Rows, Terms, Touched, Truth};
struct Placeholder;
/// Placeholder.
pub(super) fn truth(_terms: &Terms) -> Box<dyn Truth> {
    Box::new(Placeholder)
}
impl Truth for Placeholder {
    fn feed(&mut self, _record: &Record, _touched: Option<&mut Vec<Touched>>) {}
    fn row(&self, _view: &str, _key: &str) -> Option<Row> {
        None
    }
    fn rows(&self, _view: &str) -> Rows {
        Rows::new()
    }
    fn waiting(&self) -> u64 {
        0
    }
    fn refused(&self) -> u64 {
        0
    }
    fn fork(&self) -> Box<dyn Truth> {
        Box::new(Placeholder)
    }
}
