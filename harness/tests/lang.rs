//! The catalogues: the same messages with the same fields in every language, all of them used, none of them missing.

// What stands beside the tests here unwraps as they do: a test that cannot go on has failed.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use harness::lang::Lang;

/// The text of every file below a folder that has code or pages in it.
fn texts(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if path.is_dir() {
            texts(&path, found);
        } else if ["rs", "html", "js"].contains(&ending) {
            found.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
}

fn all() -> Vec<(String, String)> {
    let (root, mut found) = (Path::new(env!("CARGO_MANIFEST_DIR")), Vec::new());
    texts(&root.join("src"), &mut found);
    texts(&root.join("assets"), &mut found);
    found
}

fn keys(lang: Lang) -> BTreeSet<String> {
    lang.fields().into_keys().collect()
}

#[test]
fn every_language_says_the_same_with_the_same_fields() {
    let [english, french] = Lang::ALL.map(Lang::fields);
    for (key, fields) in &english {
        let other = french.get(key).unwrap_or_else(|| panic!("{key} is not in French"));
        assert_eq!(fields, other, "{key}");
    }
    let more: Vec<&String> = french.keys().filter(|key| !english.contains_key(*key)).collect();
    assert!(more.is_empty(), "not in English: {more:?}");
}

#[test]
fn no_message_is_unused() {
    let all = all();
    let used = |key: &String| {
        let quoted = [format!("\"{key}\""), format!("'{key}'")];
        all.iter().any(|(_, text)| quoted.iter().any(|key| text.contains(key)))
    };
    let unused: Vec<String> = keys(Lang::En).into_iter().filter(|key| !used(key)).collect();
    assert!(unused.is_empty(), "nothing says {unused:?}");
}

#[test]
fn no_message_is_missing() {
    let keys = keys(Lang::En);
    for (path, text) in all().iter().filter(|(path, _)| !path.ends_with("lang.rs")) {
        for said in [".say(\"", ".text(\"", "say('", "say(\""] {
            for rest in text.split(said).skip(1) {
                let key = rest.split(['"', '\'']).next().unwrap();
                // Others say whole sentences.
                if key.contains('.') && !key.contains([' ', '{']) {
                    assert!(keys.contains(key), "{path} says {key}");
                }
            }
        }
    }
}
