//! Rust as tokens, without comments, documentation and tests.

use std::collections::BTreeSet;

use anyhow::{Result, anyhow};
use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};

use super::Source;

/// One token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// As it is written.
    pub text: String,
    /// What kind of thing it is, names and literals being all alike.
    pub blind: String,
    /// The lines on which it begins and ends.
    pub lines: (usize, usize),
}

/// What a compiler might refuse to take a name for; other words are names.
const KEYWORDS: &[&str] = &[
    "as", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern", "false", "fn", "for", "if",
    "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return", "self", "Self",
    "static", "struct", "super", "trait", "true", "type", "unsafe", "use", "where", "while",
];

/// The tokens of a file.
pub fn tokens(source: &Source) -> Result<Vec<Token>> {
    let stream: TokenStream =
        source.text.parse().map_err(|error| anyhow!("reading {} as Rust: {error}", source.path))?;
    let mut tokens = Vec::new();
    flatten(stream, &mut tokens);
    Ok(tokens)
}

/// Lines with code on them.
pub fn lines(tokens: &[Token]) -> usize {
    let mut seen = BTreeSet::new();
    for token in tokens {
        seen.extend(token.lines.0..=token.lines.1);
    }
    seen.len()
}

fn flatten(stream: TokenStream, out: &mut Vec<Token>) {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    let mut n = 0;
    while n < trees.len() {
        match attribute(&trees[n..]) {
            Some((group, long)) if is_test(group) => n += long + item(&trees[n + long..]),
            Some((group, long)) if is_doc(group) => n += long,
            _ => {
                token(&trees[n], out);
                n += 1;
            }
        }
    }
}

/// An attribute at the start of some tokens, and how many of them it takes.
fn attribute(trees: &[TokenTree]) -> Option<(&Group, usize)> {
    let is = |tree: Option<&TokenTree>, sign: char| matches!(tree, Some(TokenTree::Punct(p)) if p.as_char() == sign);
    if !is(trees.first(), '#') {
        return None;
    }
    let long = if is(trees.get(1), '!') { 2 } else { 1 };
    match trees.get(long) {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket => Some((group, long + 1)),
        _ => None,
    }
}

fn is_doc(group: &Group) -> bool {
    group.stream().into_iter().next().is_some_and(|first| first.to_string() == "doc")
}

fn is_test(group: &Group) -> bool {
    let text: String = group.stream().to_string().chars().filter(|letter| !letter.is_whitespace()).collect();
    text == "cfg(test)" || text == "test"
}

/// How many tokens the item at their start takes: up to its block or its semicolon.
fn item(trees: &[TokenTree]) -> usize {
    let ends = |tree: &TokenTree| match tree {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(sign) => sign.as_char() == ';',
        _ => false,
    };
    trees.iter().position(ends).map_or(trees.len(), |last| last + 1)
}

fn token(tree: &TokenTree, out: &mut Vec<Token>) {
    match tree {
        TokenTree::Group(group) => {
            let (open, close) = match group.delimiter() {
                Delimiter::Parenthesis => ("(", ")"),
                Delimiter::Brace => ("{", "}"),
                Delimiter::Bracket => ("[", "]"),
                Delimiter::None => ("", ""),
            };
            push(open, open, group.span_open(), out);
            flatten(group.stream(), out);
            push(close, close, group.span_close(), out);
        }
        TokenTree::Ident(name) => {
            let text = name.to_string();
            let blind = if KEYWORDS.contains(&text.as_str()) { text.clone() } else { "name".into() };
            push(&text, &blind, name.span(), out);
        }
        TokenTree::Literal(literal) => push(&literal.to_string(), "literal", literal.span(), out),
        TokenTree::Punct(sign) => {
            let text = sign.as_char().to_string();
            push(&text, &text, sign.span(), out);
        }
    }
}

fn push(text: &str, blind: &str, span: Span, out: &mut Vec<Token>) {
    if !text.is_empty() {
        out.push(Token {
            text: text.into(),
            blind: blind.into(),
            lines: (span.start().line, span.end().line),
        });
    }
}
