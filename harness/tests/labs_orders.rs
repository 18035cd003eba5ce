//! The orders workshop whole: its golden values in both languages, somebody's own orders, and what is no order.

// What stands beside the tests here unwraps as they do: a test that cannot go on has failed.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

fn wb(out: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wb"));
    command.args(["lab", "orders", "--out"]).arg(out).args(arguments).env("LC_ALL", "C");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// What a lab printed that must not fail, with one space between any two words.
fn shown(out: &Path, arguments: &[&str], input: &str) -> String {
    let output = wb(out, arguments, input);
    let printed = String::from_utf8(output.stdout).unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {printed}{complaint}");
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    printed.lines().map(words).collect::<Vec<_>>().join("\n")
}

fn holds(printed: &str, lines: &[&str]) {
    for line in lines {
        assert!(printed.lines().any(|shown| shown == *line), "expected `{line}` in\n{printed}");
    }
}

/// Sentences are there, wherever their lines were broken.
fn told(printed: &str, said: &[&str]) {
    let flat = printed.replace('\n', " ");
    said.iter().for_each(|said| assert!(flat.contains(said), "expected `{said}` in\n{printed}"));
}

fn view(out: &Path) -> serde_json::Value {
    serde_json::from_str(&fs::read_to_string(out.join("serving_view.json")).unwrap()).unwrap()
}

fn file(folder: &TempDir, bytes: &[u8]) -> String {
    let path = folder.path().join("mine.json");
    fs::write(&path, bytes).unwrap();
    path.display().to_string()
}

#[test]
fn every_golden_value_is_shown_in_english() {
    let folder = tempfile::tempdir().unwrap();
    let printed = shown(folder.path(), &["--events", "0"], "");
    holds(
        &printed,
        &[
            "case view Ali Mounir Sara Zed verdict",
            "plain sum batch 320 150 140 -",
            "speed 80 200 40 -",
            "naive merge 400 350 180 -",
            "right answer 400 350 180 - as expected",
            "ex. 2, batch only batch 320 - - -",
            "naive merge 400 ≠ 200 ≠ 40 -",
            "right answer 400 350 - - as expected",
            "ex. 2, both layers batch 320 - - -",
            "speed - - - -",
            "naive merge ≠ 320 ≠ - - -",
            "ex. 3, stream only batch 320 150 140 -",
            "speed - 200 - -",
            "naive merge 320 350 ≠ 140 -",
            "right, in both 320 350 - -",
            "right, in neither 400 350 180 - as expected",
            "restart batch 320 150 140 -",
            "naive merge ≠ 320 ≠ 150 ≠ 140 -",
            "new customer batch 320 150 140 -",
            "speed 80 200 40 70",
            "naive merge 400 350 180 ≠ -",
            "right answer 400 350 180 70 as expected",
        ],
    );
    assert_eq!(printed.matches("as expected").count(), 6, "{printed}");
    told(
        &printed,
        &[
            "Wrong for Mounir, Sara: the batch drops",
            "Worse: Mounir has 150 in one layer and 200 in the other.",
            "together it is 350. And Ali counts with one layer alone, without 80 of the other.",
            "Not there: Zed (70).",
        ],
    );
    assert_eq!(printed.matches("(the same as the right merge)").count(), 3, "{printed}");
    let rows = [("Ali", 400), ("Mounir", 350), ("Sara", 180), ("Zed", 70)];
    let rows: Vec<_> = rows
        .iter()
        .map(|(customer, total)| serde_json::json!({"customer": customer, "total_amount": total}))
        .collect();
    assert_eq!(view(folder.path()), serde_json::Value::from(rows));
    // A second time: nothing of the first one is in the way.
    assert_eq!(shown(folder.path(), &["--events", "0"], "").matches("as expected").count(), 6);
}

#[test]
fn every_golden_value_is_shown_in_french() {
    let folder = tempfile::tempdir().unwrap();
    let printed = shown(folder.path(), &["--events", "0", "--lang", "fr"], "");
    holds(
        &printed,
        &[
            "cas vue Ali Mounir Sara Zed verdict",
            "somme simple batch 320 150 140 -",
            "ex. 2, batch seul batch 320 - - -",
            "fusion naïve 400 ≠ 200 ≠ 40 -",
            "juste, dans les deux 320 350 - -",
            "réponse juste 400 350 180 70 comme attendu",
        ],
    );
    assert_eq!(printed.matches("comme attendu").count(), 6, "{printed}");
    told(&printed, &["Pire : Mounir a 150 dans une couche et 200 dans l'autre.", "sans les 80 de l'autre."]);
    assert!(!printed.lines().any(|line| line.starts_with("orders.")), "a message is missing: {printed}");
}

#[test]
fn questions_are_answered_with_figures_and_the_commands_that_measure_more() {
    let folder = tempfile::tempdir().unwrap();
    for (lang, question) in [("en", "Question 5. The limits"), ("fr", "Question 5. Les limites")] {
        let printed = shown(folder.path(), &["--events", "2000", "--lang", lang], "");
        assert!(printed.contains(question), "{printed}");
        let commands =
            ["wb compare short", "wb lambda law", "wb lambda switches at-publish", "wb kappa replay"];
        for command in commands {
            assert!(printed.contains(command), "expected `{command}` in {printed}");
        }
        assert!(!printed.contains("orders.staleness") && !printed.contains("undefined"), "{printed}");
    }
}

#[test]
fn broken_lines_are_told_by_their_numbers_and_the_rest_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let lines = [
        r#"{"customer":"Ali","amount":120}"#,
        "hello",
        r#"{"customer":"Ali","amount":"a lot"}"#,
        r#"{"customer":"Ali","amount":5,"currency":"EUR"}"#,
        r#"{"customer":"Ali","amount":-20}"#,
        r#"{"customer":"Sara","amount":0}"#,
        r#"{"amount":7}"#,
        r#"{"customer":"Big","amount":9007199254740993}"#,
        r#"{"customer":"Bigger","amount":92233720368547758.08}"#,
        r#"{"customer":"Ali","amount":1"#,
        r#"{"customer":"\"O'Neil\"\n<script>alert(1)</script>","amount":1.25}"#,
        r#"{"customer":"مريم","amount":3}"#,
    ];
    let batch = file(&folder, lines.join("\n").as_bytes());
    let printed = shown(folder.path(), &["--events", "0", "--batch", &batch], "");
    // Lines are broken where they are full.
    let flat = printed.replace('\n', " ");
    // Reasons speak of who is there.
    told(
        &printed,
        &["Wrong for Ali, Mounir, Sara: the batch", "Right for these customers, but only by luck."],
    );
    for (line, reason) in [
        (2, "not a JSON object in braces"),
        (3, r#"amount "a lot" is not a number"#),
        (4, r#"currency "EUR" is not MAD"#),
        (7, "customer is missing"),
        (9, "does not fit in 64 bits"),
        (10, "not a JSON message"),
    ] {
        let told = flat.split(&format!("line {line}: ")).nth(1);
        assert!(told.is_some_and(|told| told.contains(reason)), "line {line}: {told:?}");
    }
    assert!(flat.contains("6 orders, 2 of them returns (zero or less); 6 lines were left out"), "{printed}");
    assert!(!printed.contains('\u{1b}') && !printed.contains("as expected"), "{printed}");
    let text = fs::read_to_string(folder.path().join("serving_view.json")).unwrap();
    assert!(text.contains(r#"{"customer": "Big", "total_amount": 9007199254740993}"#), "{text}");
    let names: Vec<String> = view(folder.path())
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["customer"].as_str().unwrap().into())
        .collect();
    for name in ["\"O'Neil\"\n<script>alert(1)</script>", "مريم", "Sara", "Zed"] {
        assert!(names.iter().any(|found| found == name), "{names:?}");
    }
}

#[test]
fn orders_that_somebody_types_are_followed_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let input = "Ali 20\n{\"customer\":\"Zoé\",\"amount\":-5}\n{\"customer\":\"Ali\",\"amount\":\"a lot\"}\n\
        {\"customer\":\"X\",\"amount\":10,\"currency\":\"EUR\"}\nAli abc\nbatch\nAli 1.5\n";
    let printed = shown(folder.path(), &["--events", "0", "--type"], input);
    holds(
        &printed,
        &[
            "Ali 20 -> Ali: batch 320, speed 100, merged 420, Kappa 420",
            "Zoé -5 -> Zoé: batch -, speed -5, merged -5, Kappa -5",
            "Ali 1.5 -> Ali: batch 420, speed 1.5, merged 421.5, Kappa 421.5",
            "Ali 420 1.5 421.5 421.5",
            "Lambda, Kappa and truth agree.",
        ],
    );
    for part in [
        "not an order: amount abc is not a number",
        "set aside: {",
        "Lambda 2, Kappa 2",
        "The batch has run again",
    ] {
        assert!(printed.contains(part), "expected `{part}` in {printed}");
    }
    assert_eq!(view(folder.path())[0], serde_json::json!({"customer": "Ali", "total_amount": 421.5}));
}

#[test]
fn a_log_that_holds_orders_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("mine.log").display().to_string();
    let arguments = ["--events", "0", "--log", &log];
    assert_eq!(shown(folder.path(), &arguments, "").matches("as expected").count(), 6);
    let printed = shown(folder.path(), &arguments, "");
    assert!(printed.contains("holds 9 messages already"), "{printed}");
    holds(&printed, &["plain sum batch 400 350 180 70", "right answer 480 550 220 70 merge is right"]);
    told(
        &printed,
        &[
            "Nobody is missing here",
            "Worse: Sara has 180 in one layer and 40 in the other.",
            "And Ali counts",
        ],
    );
}

#[test]
fn what_cannot_be_meant_is_said_in_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let nothing = file(&folder, b"hello\n");
    for (arguments, code, said) in [
        (&["--batch", "nowhere.json"][..], 1, "reading nowhere.json"),
        (&["--batch", &nothing], 1, "is an order: write them as"),
        (&["--events", "5"], 2, "--events must be 0, or at least 1000"),
        (&["--lang", "de"], 2, "invalid value 'de'"),
    ] {
        let output = wb(folder.path(), arguments, "");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {complaint}");
        assert!(complaint.contains(said), "{arguments:?}: {complaint}");
    }
}
