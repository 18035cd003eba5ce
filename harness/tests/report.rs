//! The report of a run folder whose every figure is known.
#![allow(clippy::unwrap_used)]

#[path = "report/sample.rs"]
mod sample;

use std::path::Path;

use harness::report::{self, Format, Verdict};
use sample::Sample;

const QUIET: Sample = Sample { repeats: 5, wrong: false, canary_us: 400.0 };

fn written(sample: Sample) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    sample::write(folder.path(), sample);
    folder
}

fn sentences(sample: Sample) -> String {
    let folder = written(sample);
    let finding = report::find(folder.path()).unwrap();
    let line = |sentence: &report::Sentence| {
        let state = if sentence.decided { "decided" } else { "open" };
        plain(&format!("{} | {} | {state} | {}\n", sentence.workload, sentence.question, sentence.text))
    };
    finding.sentences.iter().map(line).collect()
}

/// Without the spaces that keep a number and its unit on one line.
fn plain(text: &str) -> String {
    text.replace('\u{a0}', " ")
}

#[test]
fn five_repeats_decide_and_two_do_not() {
    insta::assert_snapshot!("sentences", sentences(QUIET));
}

#[test]
fn wrong_reads_are_said_first_and_counted() {
    let said = sentences(Sample { wrong: true, ..QUIET });
    assert!(
        said.contains(
            "orders | Ever wrong? | decided | Wrong reads: Kappa 0 of 12.5 k, Lambda 125 of 12.5 k"
        ),
        "{said}"
    );
}

#[test]
fn a_late_canary_makes_the_machine_noisy() {
    let of = |canary_us| {
        let folder = written(Sample { canary_us, ..QUIET });
        report::find(folder.path()).unwrap().noise.verdict
    };
    assert_eq!((of(400.0), of(4_000.0)), (Verdict::Quiet, Verdict::Noisy));
}

#[test]
fn a_busy_machine_voids_what_a_clock_measured() {
    let folder = written(QUIET);
    let path = folder.path().join("observations/orders/noop-1/run.json");
    let text = std::fs::read_to_string(&path).unwrap().replace("\"pressure\":0.02", "\"pressure\":0.9");
    std::fs::write(&path, text).unwrap();
    let finding = report::find(folder.path()).unwrap();
    assert_eq!(finding.noise.verdict, Verdict::Void);
    let open =
        |question: &str| finding.sentences.iter().any(|said| said.question == question && !said.decided);
    assert!(open("At what cost?") && !open("Right in the end?"));
}

#[test]
fn the_summary_fits_eighty_columns() {
    let folder = written(QUIET);
    let text = report::summary(folder.path(), Format::Table).unwrap();
    let long: Vec<&str> =
        text.lines().filter(|line| line.chars().count() > 80 && !line.starts_with("page:")).collect();
    assert!(long.is_empty(), "{long:?}");
    let text = plain(&text).replace(&folder.path().display().to_string(), "DIR");
    insta::assert_snapshot!("summary", text);
}

#[test]
fn the_same_rows_are_csv_json_markdown_and_latex() {
    let folder = written(QUIET);
    let of = |format| plain(&report::summary(folder.path(), format).unwrap());
    assert!(of(Format::Csv).starts_with("workload,contestant,current,worst,p50_us,"));
    let json: serde_json::Value = serde_json::from_str(&of(Format::Json)).unwrap();
    assert_eq!((&json["schema_version"], &json["rows"][1]["contestant"]), (&1.into(), &"lambda".into()));
    assert!(of(Format::Markdown).contains("| orders | lambda | 95.7 % | stale |"));
    assert!(of(Format::Latex).contains("orders & kappa & 99.87 \\% & stale &"));
}

/// Every `<name` is closed, in its order.
fn well_formed(svg: &str) -> Result<(), String> {
    let mut open: Vec<&str> = Vec::new();
    for part in svg.split('<').skip(1) {
        let (tag, _) = part.split_once('>').ok_or("a tag has no end")?;
        let name = tag.trim_start_matches('/').split([' ', '/', '\n']).next().unwrap_or_default();
        if tag.starts_with('/') {
            let last = open.pop();
            if last != Some(name) {
                return Err(format!("</{name}> closes {last:?}"));
            }
        } else if !tag.ends_with('/') && !tag.starts_with(['?', '!']) {
            open.push(name);
        }
    }
    if open.is_empty() { Ok(()) } else { Err(format!("left open: {open:?}")) }
}

fn endings(folder: &Path, ending: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mine = entries.filter(|path| path.extension().is_some_and(|found| found == ending));
    let mut names: Vec<String> =
        mine.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn the_page_needs_nothing_else_and_every_figure_has_its_data() {
    let folder = written(Sample { wrong: true, ..QUIET });
    report::write(folder.path()).unwrap();
    let page = std::fs::read_to_string(folder.path().join("report.html")).unwrap();
    for outside in ["src=", "<link", "@import", "url(", "http://", "https://"] {
        let harmless = page.matches("http://www.w3.org/2000/svg").count();
        let found = page.matches(outside).count();
        assert!(
            found == 0 || (outside == "http://" && found == harmless),
            "{outside} stands in the page {found} times"
        );
    }
    assert!(page.contains("href=\"#witnesses-orders\"") && page.contains("id=\"witnesses-orders\""));
    let figures = folder.path().join("figures");
    let drawn = endings(&figures, "svg");
    assert_eq!((&drawn, &drawn), (&endings(&figures, "png"), &endings(&figures, "csv")));
    assert!(drawn.len() >= 14, "{drawn:?}");
    for name in drawn {
        let svg = std::fs::read_to_string(figures.join(format!("{name}.svg"))).unwrap();
        well_formed(&svg).unwrap_or_else(|error| panic!("{name}.svg: {error}"));
        assert!(page.contains(&format!("id=\"figure-{name}\"")), "{name} is not on the page");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{name}.svg has a place that is none");
    }
}

#[test]
fn a_report_made_twice_is_the_same() {
    let folder = written(QUIET);
    let page = || {
        report::write(folder.path()).unwrap();
        std::fs::read_to_string(folder.path().join("report.html")).unwrap()
    };
    assert!(page() == page());
}

#[test]
fn a_run_with_one_contestant_and_no_series_has_a_report() {
    let folder = tempfile::tempdir().unwrap();
    let rows = "run,plan,workload,faults,contestant,repeat,measure,unit,value\n\
                r,p,orders,,reference,1,cpu.per-million,s,2.5\n";
    std::fs::write(folder.path().join("measurements.csv"), rows).unwrap();
    let finding = report::write(folder.path()).unwrap();
    assert_eq!(finding.headline(), "Not compared: Kappa and Lambda did not both take part.");
    assert_eq!(finding.noise.verdict, Verdict::Unknown);
}

#[test]
fn a_folder_that_was_not_measured_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let error = report::write(folder.path()).unwrap_err().to_string();
    assert!(error.contains("run `wb measure"), "{error}");
}

#[test]
fn the_readme_gets_the_summary_between_its_markers() {
    let readme = "# T\n<!-- BEGIN: report -->\nold\n<!-- END: report -->\nrest\n";
    let spliced = report::splice(readme, "new\n").unwrap();
    assert_eq!(spliced, "# T\n<!-- BEGIN: report -->\nnew\n<!-- END: report -->\nrest\n");
    assert_eq!(report::splice(&spliced, "new").unwrap(), spliced);
    assert!(report::splice("# T\n", "new").unwrap_err().to_string().contains("BEGIN: report"));
}

#[test]
fn what_was_done_and_how_long_it_stood_still_is_shown() {
    let folder = written(QUIET);
    let measures = folder.path().join("measures");
    let rows = "workload,contestant,repeat,what,detail,from_us,until_us,acknowledged_us,visible_us\n\
                orders,kappa,1,command,leader killed,1000000,2000000,9100000,9250000\n";
    std::fs::write(measures.join("standstills.csv"), rows).unwrap();
    let blocks = std::fs::read_to_string(measures.join("blocks.csv")).unwrap();
    let block = "orders,kappa,1,command,1000000,2000000,leader killed\n";
    std::fs::write(measures.join("blocks.csv"), blocks + block).unwrap();
    let shown = plain(&report::summary(folder.path(), Format::Table).unwrap()).replace("\n  ", " ");
    let wanted = "orders, kappa 1: leader killed: no event acknowledged for 9.1 s, no new version for 9.25 s";
    assert!(shown.contains(wanted), "{shown}");
    report::write(folder.path()).unwrap();
    let page = plain(&std::fs::read_to_string(folder.path().join("report.html")).unwrap());
    assert!(page.contains("how long it stood still") && page.contains("9.25 s"));
}
