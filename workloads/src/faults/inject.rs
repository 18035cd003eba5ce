//! The faults of a source, done to a sequence of events.

use std::collections::{BTreeMap, VecDeque};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Sending, SourceFaults};
use crate::event::{Draft, Micros};

/// How far away the neighbour may be with which an event is exchanged.
const NEIGHBOURS: usize = 8;

/// How much later an event is sent again, at most.
const RESEND_US: Micros = 1_000_000;

/// How steeply long delays become rare: of ten times the length there are 16 times fewer.
const TAIL: f64 = 1.2;

/// Values that no codec can read as an event.
const POISONS: &[&[u8]] =
    &[b"not an event", br#"{"customer":"#, br#"{"customer":"Ali","amount":"lots"}"#, b"\xff\xfe\x00", b""];

/// What a source sends instead of `drafts`, in the order of its times. Drafts come in the order of theirs. The same
/// seed makes the same choices, whatever the shares of other faults.
pub fn inject<I: Iterator<Item = Draft>>(
    drafts: I,
    faults: &SourceFaults,
    seed: u64,
) -> impl Iterator<Item = Sending> + use<I> {
    Injection {
        drafts: drafts.fuse(),
        faults: faults.clone(),
        dice: ChaCha8Rng::seed_from_u64(seed),
        ahead: VecDeque::new(),
        held: BTreeMap::new(),
        number: 0,
    }
}

struct Injection<I> {
    drafts: std::iter::Fuse<I>,
    faults: SourceFaults,
    dice: ChaCha8Rng,
    /// The next events, in the order in which they go on. The flag says that one was exchanged already.
    ahead: VecDeque<(Draft, bool)>,
    /// What is to be sent, by time and then by the order in which it came to be.
    held: BTreeMap<(Micros, u64), Sending>,
    number: u64,
}

/// What the dice say about one event. All are thrown for each, so that no choice depends on another fault's share.
struct Throw {
    resend: bool,
    lose: bool,
    late: bool,
    reorder: bool,
    burst: bool,
    poison: bool,
    /// How much later it is sent again, of the most there is.
    again: f64,
    /// How long it is delayed, from 0 for the shortest delays.
    tail: f64,
    /// How many places further the neighbour is.
    places: usize,
    kind: usize,
}

impl<I: Iterator<Item = Draft>> Injection<I> {
    fn throw(&mut self) -> Throw {
        let mut chosen = |share: f64| self.dice.random::<f64>() < share;
        Throw {
            resend: chosen(self.faults.resend),
            lose: chosen(self.faults.lose),
            late: chosen(self.faults.late),
            reorder: chosen(self.faults.reorder),
            burst: chosen(self.faults.burst),
            poison: chosen(self.faults.poison),
            again: self.dice.random(),
            tail: self.dice.random(),
            places: self.dice.random_range(1..=NEIGHBOURS),
            kind: self.dice.random_range(0..POISONS.len()),
        }
    }

    /// Sees to it that the next event has its neighbours beside it.
    fn look_ahead(&mut self) {
        while self.ahead.len() <= NEIGHBOURS {
            let Some(draft) = self.drafts.next() else { break };
            self.ahead.push_back((draft, false));
        }
    }

    /// Takes the next event in.
    fn advance(&mut self) {
        let Some((mut draft, moved)) = self.ahead.pop_front() else { return };
        let throw = self.throw();
        if throw.reorder && !moved {
            self.exchange(&mut draft, throw.places);
        }
        self.send(draft, &throw);
    }

    /// Exchanges an event with a later one: each is sent at the other's time.
    fn exchange(&mut self, draft: &mut Draft, places: usize) {
        if let Some((other, moved @ false)) = self.ahead.get_mut(places - 1) {
            std::mem::swap(draft, other);
            std::mem::swap(&mut draft.intended, &mut other.intended);
            *moved = true;
        }
    }

    fn send(&mut self, mut draft: Draft, throw: &Throw) {
        if throw.poison {
            let (key, value) = (draft.event.key().as_bytes().to_vec(), POISONS[throw.kind].to_vec());
            self.hold(Sending::Poison { intended: draft.intended, key, value });
        }
        if throw.lose {
            return;
        }
        if throw.late {
            draft.intended += self.delay(throw.tail);
        }
        if throw.burst {
            draft.intended = (draft.intended.div_euclid(1_000_000) + 1) * 1_000_000;
        }
        if throw.resend {
            let intended = draft.intended + 1 + (throw.again * RESEND_US as f64) as Micros;
            self.hold(Sending::Event(Draft { intended, ..draft.clone() }));
        }
        self.hold(Sending::Event(draft));
    }

    /// A delay between the shortest and the longest, long ones being rare.
    fn delay(&self, tail: f64) -> Micros {
        let longest = self.faults.late_ms as f64 * 1000.0;
        let shortest = longest / 120.0;
        let kept = 1.0 - (shortest / longest).powf(TAIL);
        (shortest / (1.0 - tail * kept).powf(1.0 / TAIL)) as Micros
    }

    fn hold(&mut self, sending: Sending) {
        self.number += 1;
        self.held.insert((sending.intended(), self.number), sending);
    }
}

impl<I: Iterator<Item = Draft>> Iterator for Injection<I> {
    type Item = Sending;

    fn next(&mut self) -> Option<Sending> {
        loop {
            self.look_ahead();
            let held = self.held.first_key_value().map(|((time, _), _)| *time);
            let next = self.ahead.front().map(|(draft, _)| draft.intended);
            // Nothing that is still to come is sent before the next event's time.
            if held.is_some_and(|held| next.is_none_or(|next| held <= next)) {
                return self.held.pop_first().map(|(_, sending)| sending);
            }
            next?;
            self.advance();
        }
    }
}
