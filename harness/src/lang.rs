//! What people read, in the language that they read.
//!
//! Every message stands in `harness/lang/LANGUAGE/AREA.toml`, under the same key and with the same fields in each
//! language, and is said with `lang.say("AREA.KEY", context! { field => value })`. It is a template of minijinja, with
//! two filters that know the language: `{{ share|number(1) }}` writes a number, and
//! `{{ count|plural("order", "orders") }}` chooses a form. A test holds the catalogues against each other and against
//! the code.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use clap::ValueEnum;
use minijinja::{Environment, UndefinedBehavior, Value};

pub use minijinja::context;

use crate::logs::Lookup;

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// French.
    Fr,
}

/// The areas, with what stands in each language's file.
macro_rules! areas {
    ($($area:literal),*) => {
        &[$(Area {
            name: $area,
            texts: [
                include_str!(concat!("../lang/en/", $area, ".toml")),
                include_str!(concat!("../lang/fr/", $area, ".toml")),
            ],
        }),*]
    };
}

static AREAS: &[Area] = areas!["labs", "orders", "trades", "page"];

struct Area {
    name: &'static str,
    /// By language, in the order of [`Lang::ALL`].
    texts: [&'static str; 2],
}

static ENGLISH: LazyLock<Environment<'static>> = LazyLock::new(|| catalogue(Lang::En));
static FRENCH: LazyLock<Environment<'static>> = LazyLock::new(|| catalogue(Lang::Fr));

impl Lang {
    /// Every language.
    pub const ALL: [Lang; 2] = [Lang::En, Lang::Fr];

    /// The language that the environment asks for; English where it asks for one that there is not.
    pub fn of(lookup: Lookup) -> Lang {
        let asked = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(lookup);
        let asked = asked.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
        if asked.to_lowercase().starts_with("fr") { Lang::Fr } else { Lang::En }
    }

    /// Its name, as HTML and the command line have it.
    pub fn name(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Fr => "fr",
        }
    }

    /// A message with its fields filled in. One that is not there, or whose fields are not, is said as what is wrong
    /// with it: a mistake of the program's, which the tests find.
    pub fn say(self, key: &str, fields: impl Into<Value>) -> String {
        let said = self.catalogue().get_template(key).and_then(|message| message.render(fields.into()));
        said.unwrap_or_else(|error| format!("{key}: {error}"))
    }

    /// A message without fields.
    pub fn text(self, key: &str) -> String {
        self.say(key, ())
    }

    /// The messages of an area as they stand in its catalogue, by their keys without the area.
    pub fn area(self, area: &str) -> BTreeMap<String, String> {
        let prefix = format!("{area}.");
        let of = |(name, message): (&str, minijinja::Template<'_, '_>)| {
            Some((name.strip_prefix(&prefix)?.to_owned(), message.source().to_owned()))
        };
        self.catalogue().templates().filter_map(of).collect()
    }

    /// Every key, with the names of its message's fields.
    pub fn fields(self) -> BTreeMap<String, BTreeSet<String>> {
        let fields = |message: minijinja::Template<'_, '_>| message.undeclared_variables(false);
        let all = self.catalogue().templates();
        all.map(|(name, message)| (name.to_owned(), fields(message).into_iter().collect())).collect()
    }

    /// A number with so many decimals, its thousands apart.
    pub fn number(self, number: f64, decimals: usize) -> String {
        self.digits(&format!("{number:.decimals$}"))
    }

    /// A whole number, its thousands apart.
    pub fn whole(self, number: i128) -> String {
        self.digits(&number.to_string())
    }

    /// A number that is written as `-1234.5`, with the marks of this language.
    pub fn digits(self, digits: &str) -> String {
        let (thousands, point) = match self {
            Lang::En => (',', '.'),
            Lang::Fr => ('\u{202f}', ','),
        };
        let (sign, digits) = digits.split_at(usize::from(digits.starts_with('-')));
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let mut text = sign.to_owned();
        for (place, digit) in whole.char_indices() {
            if place > 0 && (whole.len() - place).is_multiple_of(3) {
                text.push(thousands);
            }
            text.push(digit);
        }
        if !part.is_empty() {
            text.push(point);
            text.push_str(part);
        }
        text
    }

    /// Which of two forms goes with a number: in French there is nothing plural about none.
    fn form(self, count: f64, one: String, many: String) -> String {
        let singular = match self {
            Lang::En => count == 1.0,
            Lang::Fr => count.abs() < 2.0,
        };
        if singular { one } else { many }
    }

    fn catalogue(self) -> &'static Environment<'static> {
        match self {
            Lang::En => &ENGLISH,
            Lang::Fr => &FRENCH,
        }
    }
}

/// Every message of a language.
fn catalogue(lang: Lang) -> Environment<'static> {
    let mut catalogue = Environment::new();
    catalogue.set_undefined_behavior(UndefinedBehavior::Strict);
    catalogue
        .add_filter("number", move |number: Value, decimals: Option<usize>| written(lang, &number, decimals));
    catalogue.add_filter("plural", move |count: f64, one: String, many: String| lang.form(count, one, many));
    for area in AREAS {
        let messages: BTreeMap<String, String> = toml::from_str(area.texts[lang as usize])
            .expect("the catalogues are tables of texts: tests/lang.rs");
        for (key, message) in messages {
            let message = match lang {
                Lang::En => message.trim_end().to_owned(),
                Lang::Fr => spaced(message.trim_end()),
            };
            let added = catalogue.add_template_owned(format!("{}.{key}", area.name), message);
            added.expect("every message is a template: tests/lang.rs");
        }
    }
    catalogue
}

/// A number as the filter `number` writes it.
fn written(lang: Lang, number: &Value, decimals: Option<usize>) -> Result<String, minijinja::Error> {
    match i128::try_from(number.clone()) {
        Ok(whole) if decimals.is_none() => Ok(lang.whole(whole)),
        _ => Ok(lang.number(f64::try_from(number.clone())?, decimals.unwrap_or(0))),
    }
}

/// French text with the spaces that do not break: before the marks of two parts, and inside of quotation marks.
fn spaced(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let at = |place: Option<usize>| place.and_then(|place| chars.get(place)).copied().unwrap_or(' ');
    let ends = |char: char| char.is_whitespace() || "».)".contains(char);
    let space = |(place, char): (usize, &char)| match (char, at(place.checked_sub(1)), at(Some(place + 1))) {
        (' ', '«', _) | (' ', _, '»') => '\u{a0}',
        (' ', _, ':') if ends(at(Some(place + 2))) => '\u{a0}',
        (' ', _, ';' | '!' | '?') if ends(at(Some(place + 2))) => '\u{202f}',
        (char, _, _) => *char,
    };
    chars.iter().enumerate().map(space).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_which_language() {
        assert_eq!(Lang::of(|name| (name == "LANG").then(|| "fr_FR.UTF-8".into())), Lang::Fr);
        assert_eq!(Lang::of(|name| Some(if name == "LC_ALL" { "C" } else { "fr_FR" }.into())), Lang::En);
        assert_eq!(Lang::of(|name| Some(if name == "LC_ALL" { "" } else { "FR" }.into())), Lang::Fr);
        assert_eq!(Lang::of(|_| None), Lang::En);
    }

    #[test]
    fn numbers_are_written_as_the_language_has_them() {
        assert_eq!(Lang::En.number(1_234_567.891, 2), "1,234,567.89");
        assert_eq!(Lang::Fr.number(-1_234.5, 1), "-1\u{202f}234,5");
        assert_eq!([Lang::En.whole(999), Lang::Fr.whole(-1000)], ["999", "-1\u{202f}000"]);
        let said = Lang::Fr
            .catalogue()
            .render_str("{{ a|number(1) }} {{ b|number }}", context! { a => 0.25, b => 12_000 });
        assert_eq!(said.expect("it is a template"), "0,2 12\u{202f}000");
    }

    #[test]
    fn forms_go_with_numbers() {
        let of = |lang: Lang, count: u64| {
            let template = r#"{{ count|plural("one", "many") }}"#;
            lang.catalogue().render_str(template, context! { count }).expect("it is a template")
        };
        assert_eq!([0, 1, 2].map(|count| of(Lang::En, count)), ["many", "one", "many"]);
        assert_eq!([0, 1, 2].map(|count| of(Lang::Fr, count)), ["one", "one", "many"]);
    }

    #[test]
    fn french_marks_do_not_begin_a_line() {
        let said = spaced("voici : « oui » ; non ? {% if a != b %}x{% endif %} kafka://h");
        assert_eq!(
            said,
            "voici\u{a0}: «\u{a0}oui\u{a0}»\u{202f}; non\u{202f}? {% if a != b %}x{% endif %} kafka://h"
        );
    }

    #[test]
    fn a_message_that_is_not_there_says_so() {
        assert!(Lang::En.text("labs.nothing-of-the-kind").contains("labs.nothing-of-the-kind"));
    }
}
