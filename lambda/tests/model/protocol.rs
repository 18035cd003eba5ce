//! The protocols, and the interleavings of the processes as a model to be searched.

use std::fmt;

use stateright::{Model, Property};

use super::state::{At, ROOM, State, covers, join};

/// How batch and speed layer agree on who has which event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// By offsets that both agree on ahead.
    Offset,
    /// The batch has what is earlier than its newest event, less a grace; the speed layer the rest.
    EventTime { grace: u8 },
    /// The speed layer forgets when a batch starts.
    AtStart,
    /// The speed layer forgets when a batch has published.
    AtPublish,
    /// The speed layer never forgets.
    Never,
}

impl Protocol {
    /// Whether event times decide.
    pub fn by_time(self) -> bool {
        matches!(self, Protocol::EventTime { .. })
    }
}

/// The processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Batch,
    Speed,
    Serving,
}

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Append(u8),
    AppendLate(u8),
    Propose,
    Seal(u8),
    Publish,
    Notice,
    Agree,
    Load,
    Pull(u8),
    Fold,
    Settle,
    ServingNotices,
    ServingLoads,
    ServingAsks,
    /// A whole step of the batch.
    BatchSteps,
    /// Speed and serving layer, as one process, step until there is nothing left to do.
    ServingSteps,
    Crash(Who),
}

/// How fine the steps are that are interleaved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grain {
    /// Everything that one process writes or reads at once.
    Fine,
    /// What the components' own `step` does, so that a path can be replayed.
    Steps,
}

/// What is searched.
#[derive(Clone, Debug)]
pub struct Search {
    pub protocol: Protocol,
    pub grain: Grain,
    /// Whether speed and serving layer are two processes.
    pub apart: bool,
    /// Events of each partition, at most.
    pub events: At,
    pub publications: u8,
    pub crashes: u8,
    /// Publications kept.
    pub keep: u8,
}

impl fmt::Display for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Search { protocol, events: [a, b], publications, crashes, .. } = self;
        let grain = if self.grain == Grain::Fine { "each access a step" } else { "whole steps" };
        let apart = if self.apart { "speed and serving apart" } else { "speed with serving" };
        write!(
            f,
            "{protocol:?}, {grain}, {apart}, {a}+{b} events, {publications} publications, {crashes} crashes"
        )
    }
}

impl Search {
    fn fine(&self, actions: &mut Vec<Act>) {
        let batch = [Act::Propose, Act::Seal(0), Act::Seal(1), Act::Publish];
        let speed = [Act::Notice, Act::Agree, Act::Load, Act::Pull(0), Act::Pull(1), Act::Fold, Act::Settle];
        actions.extend(batch.iter().chain(&speed));
        if self.apart {
            actions.extend([Act::ServingNotices, Act::ServingLoads, Act::ServingAsks]);
        }
    }

    /// Does it; false when that changes nothing.
    pub fn act(&self, state: &mut State, act: Act) -> bool {
        let (protocol, keep) = (self.protocol, self.keep);
        let more = |state: &State| state.current() < self.publications;
        match act {
            Act::Append(partition) => state.append(protocol, partition, false),
            Act::AppendLate(partition) => state.append(protocol, partition, true),
            Act::Propose => return more(state) && state.propose(self.grain == Grain::Steps),
            Act::Seal(partition) => return state.seal(partition as usize),
            Act::Publish => return state.publish(protocol),
            Act::Notice => return state.notice(),
            Act::Agree => return state.agree(protocol),
            Act::Load => return state.load(protocol, keep),
            Act::Pull(partition) => return state.pull(partition),
            Act::Fold => return state.catch_up(),
            Act::Settle => return state.settle(protocol),
            Act::ServingNotices => return state.serving_notices(),
            Act::ServingLoads => return state.serving_loads(keep),
            Act::ServingAsks => return state.serving_asks(),
            Act::BatchSteps => return self.batch_step(state),
            Act::ServingSteps => return self.serving_steps(state),
            Act::Crash(who) => {
                state.crashes += 1;
                match who {
                    Who::Batch => state.restart_batch(),
                    Who::Speed => self.restart_speed(state),
                    Who::Serving => state.serving = Default::default(),
                }
            }
        }
        true
    }

    fn restart_speed(&self, state: &mut State) {
        state.speed = Default::default();
        state.speed.taken_in = if self.apart { 0 } else { u32::MAX };
    }

    fn batch_step(&self, state: &mut State) -> bool {
        if state.batch.proposed.is_none() {
            return self.act(state, Act::Propose);
        }
        let sealed = state.seal(0) | state.seal(1);
        sealed || state.publish(self.protocol)
    }

    fn serving_steps(&self, state: &mut State) -> bool {
        let mut moved = false;
        while self.serving_step(state) {
            moved = true;
        }
        moved
    }

    /// A publication as small as these is taken in by the step that notices it.
    fn serving_step(&self, state: &mut State) -> bool {
        let looked = self.act(state, Act::Notice) | self.act(state, Act::Agree);
        let loaded = self.act(state, Act::Load);
        self.follow(state) | looked | loaded
    }

    fn follow(&self, state: &mut State) -> bool {
        let mut moved = false;
        for act in [Act::Pull(0), Act::Pull(1)] {
            while self.act(state, act) {
                moved = true;
            }
        }
        self.act(state, Act::Fold) | self.act(state, Act::Settle) | moved
    }
}

impl Model for Search {
    type State = State;
    type Action = Act;

    fn init_states(&self) -> Vec<State> {
        let mut state = State::default();
        self.restart_speed(&mut state);
        vec![state]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Act>) {
        for partition in 0..2 {
            if state.heads[partition as usize] < self.events[partition as usize].min(ROOM) {
                actions.push(Act::Append(partition));
                if self.protocol.by_time() {
                    actions.push(Act::AppendLate(partition));
                }
            }
        }
        match self.grain {
            Grain::Fine => self.fine(actions),
            Grain::Steps => actions.extend([Act::BatchSteps, Act::ServingSteps]),
        }
        if state.crashes < self.crashes {
            actions.extend([Act::Crash(Who::Batch), Act::Crash(Who::Speed)]);
            if self.apart {
                actions.push(Act::Crash(Who::Serving));
            }
        }
    }

    fn next_state(&self, state: &State, act: Act) -> Option<State> {
        let mut next = state.clone();
        if !self.act(&mut next, act) {
            return None;
        }
        if let Some(answer) = next.answer(self.apart) {
            next.seen = join(next.seen, answer.label);
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("every read is exact at its label", |search: &Search, state: &State| {
                state.answer(search.apart).is_none_or(|answer| answer.exact())
            }),
            Property::always("no label falls back", |search: &Search, state: &State| {
                state.answer(search.apart).is_none_or(|answer| covers(answer.label, state.seen))
            }),
            Property::sometimes("the last publication is read from", |search: &Search, state: &State| {
                let last =
                    |running: &super::state::Running| running.held[0].base.cut.number == search.publications;
                state.answer(search.apart).is_some() && state.speed.running.as_ref().is_some_and(last)
            }),
            Property::sometimes("everything is read after every crash", |search: &Search, state: &State| {
                state.crashes == search.crashes
                    && state.answer(search.apart).is_some_and(|answer| answer.label == search.events)
            }),
        ]
    }
}
