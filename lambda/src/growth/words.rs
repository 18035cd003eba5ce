//! A publication about words that grows.

use hashbrown::HashMap;
use workloads::{Name, Record, Terms};

use super::{Grown, Grows};
use crate::batch::words::Answers;
use crate::error::LambdaError;
use crate::layers::Words;
use crate::publication::words::{WordsBase, files};
use crate::speed::words::Changes;

impl Grows<Words> for Words {
    type Index = ();

    fn index((): &mut (), _: &Changes, _: &Record) {}

    fn grow(
        _: &Terms,
        base: &WordsBase,
        state: &Changes,
        (): (),
    ) -> Result<Result<Grown, &'static str>, LambdaError> {
        let (totals, windows) = (state.totals(None).totals, state.windows(None).windows);
        let (mut all, mut names, mut numbers) = (Answers::default(), Vec::new(), HashMap::new());
        let mut number = |word: Name| {
            *numbers.entry(word).or_insert_with_key(|word| {
                names.push(word.clone());
                names.len() as u32 - 1
            })
        };
        for (word, count) in base.totals().chain(totals) {
            let number = number(word) as usize;
            all.totals.resize(all.totals.len().max(number + 1), 0);
            all.totals[number] += count;
        }
        for (word, window, count) in base.windows().chain(windows) {
            *all.windows.entry((number(word), window)).or_default() += count;
        }
        Ok(Ok(Grown { files: files(&names, &all), kept: Vec::new() }))
    }
}
