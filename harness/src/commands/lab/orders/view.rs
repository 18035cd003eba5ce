//! `serving_view.json`: the serving layer's answer as a file, replaced whole at each merge.

use std::path::Path;

use anyhow::Context;
use workloads::files::{Disk, RealDisk};

use super::totals::{Totals, money};

/// Name of the file.
pub(super) const NAME: &str = "serving_view.json";

/// Writes the totals under another name, which is then changed: whoever reads finds the old ones or the new, whole.
pub(super) fn write(out: &Path, totals: &Totals) -> anyhow::Result<String> {
    let text = text(totals);
    let (path, temporary) = (out.join(NAME), out.join(format!("{NAME}.new")));
    let written = || {
        let mut file = RealDisk.create(&temporary)?;
        file.append(text.as_bytes())?;
        file.sync()?;
        RealDisk.rename(&temporary, &path)?;
        RealDisk.sync_dir(out)
    };
    written().with_context(|| format!("writing {}", path.display()))?;
    Ok(text)
}

/// A list of objects, one a line. Amounts are numbers in decimal digits, of which none is lost.
fn text(totals: &Totals) -> String {
    let line = |(name, amount): (&String, &i128)| {
        let name = serde_json::Value::from(name.as_str());
        format!(r#"  {{"customer": {name}, "total_amount": {}}}"#, money(*amount))
    };
    let lines: Vec<String> = totals.0.iter().map(line).collect();
    format!("[\n{}\n]\n", lines.join(",\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_customer_is_called_the_file_is_json() {
        let folder = tempfile::tempdir().expect("a folder");
        let names = ["\"O'Neil\"\nsecond line", "مريم", "<script>alert(1)</script>", "\u{202e}Ali", ""];
        let totals = Totals(names.iter().map(|name| ((*name).to_owned(), 1_250)).collect());
        write(folder.path(), &totals).expect("it is written");
        let text = std::fs::read_to_string(folder.path().join(NAME)).expect("it is there");
        let read: Vec<serde_json::Value> = serde_json::from_str(&text).expect("it is JSON");
        let mut found: Vec<&str> = read.iter().filter_map(|row| row["customer"].as_str()).collect();
        let mut wanted = names.to_vec();
        found.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(found, wanted);
        assert!(read.iter().all(|row| row["total_amount"] == 12.5));
        let left = std::fs::read_dir(folder.path()).expect("it is there").count();
        assert_eq!(left, 1, "nothing but the file is left");
    }
}
