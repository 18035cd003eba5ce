//! Columns of an answer as the rows that they are: one text at most, and whole numbers.

use datafusion::arrow::array::{Array, AsArray, RecordBatch, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Decimal128Type};
use lambda::{Each, EngineError};

/// Hands on every row of a batch.
pub(crate) fn hand(what: &str, batch: &RecordBatch, each: Each<'_>) -> Result<(), EngineError> {
    let failed =
        |cause: &dyn std::fmt::Display| EngineError { what: what.to_owned(), cause: cause.to_string() };
    let (mut texts, mut numbers) = (None, Vec::new());
    for column in batch.columns() {
        if column.null_count() > 0 {
            return Err(failed(&"there are nulls"));
        }
        let text = matches!(column.data_type(), DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8);
        let wanted = if text { DataType::Utf8 } else { DataType::Decimal128(38, 0) };
        let column = cast(column, &wanted).map_err(|error| failed(&error))?;
        if text {
            texts = Some(column);
        } else {
            numbers.push(column);
        }
    }
    let texts: Option<&StringArray> = texts.as_ref().map(AsArray::as_string);
    let numbers: Vec<_> = numbers.iter().map(|column| column.as_primitive::<Decimal128Type>()).collect();
    let mut row = vec![0; numbers.len()];
    for i in 0..batch.num_rows() {
        for (number, column) in row.iter_mut().zip(&numbers) {
            *number = column.value(i);
        }
        each(texts.map_or("", |texts| texts.value(i)), &row)?;
    }
    Ok(())
}
