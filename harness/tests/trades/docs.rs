//! The queries in the documentation, run as they stand there.

use std::path::Path;
use std::process::Command;

use super::text;

/// The project's own Python, if `scripts/sql` or CI has made it; that of the machine if not.
fn python() -> Command {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/python/bin/python");
    Command::new(if own.exists() { own.as_path() } else { Path::new("python3") })
}

/// The code below a heading of the page.
fn block(heading: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/trades.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, after) = page.split_once(heading).unwrap();
    let (_, code) = after.split_once("```sql\n").unwrap();
    code.split_once("```").unwrap().0.to_owned()
}

/// Runs what DuckDB is given on its standard input, and prints rows as lines.
const DUCKDB: &str = r#"
import sys
try:
    import duckdb
except ImportError as error:
    print(error)
    sys.exit(77)
for row in duckdb.sql(sys.argv[1]).fetchall():
    print(*row, sep="|")
"#;

/// What both queries of the page say about the small feed.
pub(crate) fn queries(lab: &Path, postgres: &str) {
    let select = block("## In PostgreSQL");
    let psql = Command::new("psql").args([postgres, "-At", "-c", &select]).output().unwrap();
    assert_eq!(
        text(&psql.stdout),
        "BINANCE:BTCUSDT|33010.01|0.03\nAAPL|144|-1.44\n",
        "{}",
        text(&psql.stderr)
    );
    let csv =
        Command::new("psql").args([postgres, "--csv", "-c", "SELECT * FROM speed_table"]).output().unwrap();
    std::fs::write(lab.join("speed_table.csv"), csv.stdout).unwrap();
    let select = block("## Over both").replace("lab-trades/", &format!("{}/", lab.display()));
    let read = python().args(["-c", DUCKDB, &select]).output();
    let here = read.as_ref().is_ok_and(|read| read.status.code() != Some(77));
    if !here && std::env::var_os("CI").is_none() {
        println!("skipped: no python3 with duckdb (pip install duckdb)");
        return;
    }
    let read = read.unwrap();
    let rows = "AAPL|2026-03-02|43.00000000|145.25000000|145.50000000|144|-1.437372\n\
                BINANCE:BTCUSDT|2026-03-02|1.00180000|32999.50000000|33000.01000000|33010.01|0.031849\n\
                BINANCE:BTCUSDT|2026-03-03|0.25000000|33010.01000000|33010.01000000|33010.01|0.031849\n";
    assert_eq!(text(&read.stdout), rows, "{}", text(&read.stderr));
}
