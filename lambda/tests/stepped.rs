//! Batch and serving stepped by turns in one thread: every answer is the truth at the version that it claims.

mod rig;

use rig::{Case, Rig};

#[test]
fn every_answer_about_orders_is_true_at_its_label() {
    (0..rig::cases()).for_each(|seed| Rig::new(Case::random("orders", seed)).run());
}

#[test]
fn every_answer_about_trades_is_true_at_its_label() {
    (0..rig::cases()).for_each(|seed| Rig::new(Case::random("trades", seed)).run());
}

#[test]
fn every_answer_about_words_is_true_at_its_label() {
    (0..rig::cases()).for_each(|seed| Rig::new(Case::random("words", seed)).run());
}

#[test]
fn every_answer_about_sensors_is_true_at_its_label() {
    (0..rig::cases()).for_each(|seed| Rig::new(Case::random("sensors", seed)).run());
}

#[test]
fn every_answer_about_transfers_is_true_at_its_label() {
    (0..rig::cases()).for_each(|seed| Rig::new(Case::random("transfers", seed)).run());
}
