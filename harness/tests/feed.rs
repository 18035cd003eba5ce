//! The feed's client and the simulator over a real socket: what is received, what is said when it cannot be, and what is not.
#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

use harness::clock::Clock;
use harness::feed::{
    Act, Client, Due, Faults, FeedError, Heard, Limits, Pace, Rules, SYMBOLS, Script, Simulator, Token,
    Wanted, frame,
};
use workloads::{TradeEvent, TradeKind};

const PATIENCE: Duration = Duration::from_secs(20);

fn limits() -> Limits {
    Limits { waits: (Duration::from_millis(5), Duration::from_millis(50)), ..Limits::default() }
}

fn token() -> Token {
    Token::new("hunter2").unwrap()
}

fn simulator(script: Script) -> Simulator {
    let symbols = SYMBOLS.iter().map(ToString::to_string).collect();
    let rules = Rules { token: Some(token()), symbols };
    Simulator::start(TcpListener::bind("127.0.0.1:0").unwrap(), rules, script, Clock::start()).unwrap()
}

fn wanted(place: SocketAddr, symbols: &[&str]) -> Wanted {
    let address = format!("ws://{place}").parse().unwrap();
    Wanted { address, token: Some(token()), symbols: symbols.iter().map(ToString::to_string).collect() }
}

fn open(place: SocketAddr, symbols: &[&str]) -> Result<Client, FeedError> {
    Client::open(wanted(place, symbols), limits(), Clock::start(), 1)
}

/// Everything that is heard until that is enough.
fn heard(client: &mut Client, mut enough: impl FnMut(&Heard) -> bool) -> Vec<Heard> {
    let (began, mut all) = (Instant::now(), Vec::new());
    loop {
        assert!(began.elapsed() < PATIENCE, "{all:?}");
        let next = client.hear().unwrap();
        let end = enough(&next);
        all.extend((next != Heard::Nothing).then_some(next));
        if end {
            return all;
        }
    }
}

fn frames(count: usize) -> impl FnMut(&Heard) -> bool {
    let mut left = count;
    move |heard| {
        left -= usize::from(matches!(heard, Heard::Trades(..)));
        left == 0
    }
}

fn trade(symbol: &str, units: i64, time: i64) -> TradeEvent {
    let (kind, target) = (TradeKind::Traded, Default::default());
    TradeEvent { kind, symbol: symbol.into(), price: units, volume: units, time, target }
}

fn one(symbol: &str, units: i64) -> Act {
    Act::Trades(vec![(trade(symbol, units, 7), &[])])
}

fn script(acts: Vec<Act>) -> Script {
    Box::new(acts.into_iter().map(|act| Due { at: 0, act }))
}

fn fast(seed: u64) -> Pace {
    Pace { rate: 50_000.0, accelerate: 1.0, seed }
}

#[test]
fn frames_come_with_the_sizes_and_mixes_of_the_real_feed() {
    let simulator = simulator(fast(3).script(1_700_000_000_000, &Faults::default()));
    let mut client = open(simulator.address(), &SYMBOLS).unwrap();
    let (mut trades, mut mixed, number) = (0, 0, 1_000);
    for heard in heard(&mut client, frames(number)) {
        let Heard::Trades(frame, _) = heard else { continue };
        let symbols: Vec<_> = frame.iter().map(|trade| trade.as_ref().unwrap().symbol.clone()).collect();
        trades += symbols.len();
        mixed += usize::from(symbols.iter().any(|symbol| *symbol != symbols[0]));
    }
    let (mean, share) = (trades as f64 / number as f64, mixed as f64 / number as f64);
    assert!((mean - 8.3).abs() < 0.1, "{mean} trades a frame");
    assert!((share - 2.0 / 3.0).abs() < 0.06, "{share} of the frames mix symbols");
}

#[test]
fn only_what_was_asked_for_is_sent() {
    let simulator = simulator(fast(3).script(0, &Faults::default()));
    let mut client = open(simulator.address(), &["AAPL", "MSFT"]).unwrap();
    for heard in heard(&mut client, frames(50)) {
        let Heard::Trades(frame, _) = heard else { continue };
        assert!(frame.iter().all(|trade| ["AAPL", "MSFT"].contains(&&*trade.as_ref().unwrap().symbol)));
    }
}

#[test]
fn a_broken_connection_is_told_of_and_nothing_that_was_sent_is_missing() {
    let faults = Faults { drop_every: 20, ..Faults::default() };
    let play: Vec<Due> = fast(5).script(0, &faults).take(400).collect();
    let sent = |due: &Due| match &due.act {
        Act::Trades(trades) => trades.iter().map(|(trade, _)| trade.clone()).collect(),
        _ => Vec::new(),
    };
    let expected: Vec<TradeEvent> = play.iter().flat_map(sent).collect();
    let number = play.iter().filter(|due| matches!(due.act, Act::Trades(_))).count();
    let drops = play.iter().filter(|due| matches!(due.act, Act::Drop { .. })).count();
    let simulator = simulator(Box::new(play.into_iter()));
    let mut client = open(simulator.address(), &SYMBOLS).unwrap();
    let all = heard(&mut client, frames(number));
    let received = all.iter().flat_map(|heard| match heard {
        Heard::Trades(trades, _) => trades.iter().map(|trade| trade.clone().unwrap()).collect(),
        _ => Vec::new(),
    });
    assert!(received.eq(expected), "{} things were heard", all.len());
    let back = all.iter().filter(|heard| **heard == Heard::Back).count();
    let gaps: Vec<_> = all.iter().filter(|heard| matches!(heard, Heard::Trades(_, Some(_)))).collect();
    assert!(drops > 10 && back >= drops && gaps.len() == drops, "{drops} drops, {back} times back");
    assert_eq!(simulator.told().drops as usize, drops);
}

#[test]
fn a_token_that_is_wrong_is_said_and_not_shown() {
    let simulator = simulator(script(vec![one("AAPL", 1)]));
    for (token, said) in
        [(Some(Token::new("swordfish").unwrap()), "refuses the token"), (None, "asks for a token")]
    {
        let wanted = Wanted { token, ..wanted(simulator.address(), &["AAPL"]) };
        let error = Client::open(wanted, limits(), Clock::start(), 1).err().unwrap().to_string();
        assert!(error.contains(said) && !error.contains("swordfish") && !error.contains('\n'), "{error}");
    }
    // It counts a moment after it has answered.
    let began = Instant::now();
    while simulator.told().refused < 2 {
        assert!(began.elapsed() < PATIENCE, "{:?}", simulator.told());
        thread::yield_now();
    }
    assert!(open(simulator.address(), &["AAPL"]).is_ok(), "the right one is let in");
}

#[test]
fn a_symbol_that_there_is_not_is_said_and_the_others_come() {
    let simulator = simulator(script(vec![one("AAPL", 1)]));
    let mut client = open(simulator.address(), &["NOPE", "AAPL"]).unwrap();
    let all = heard(&mut client, frames(1));
    let refused = Heard::Refused(Some("NOPE".into()), "unknown symbol NOPE".into());
    assert!(all.contains(&refused), "{all:?}");
}

#[test]
fn symbols_of_which_there_is_none_are_an_error() {
    let simulator = simulator(script(vec![one("AAPL", 1)]));
    let mut client = open(simulator.address(), &["NOPE", "NEITHER"]).unwrap();
    let began = Instant::now();
    let error = loop {
        match client.hear() {
            Err(error) => break error.to_string(),
            Ok(_) => assert!(began.elapsed() < PATIENCE),
        }
    };
    assert!(error.contains("NOPE, NEITHER") && error.contains("--symbols"), "{error}");
}

#[test]
fn where_nobody_listens_that_is_said_at_once() {
    let place = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let began = Instant::now();
    let error = open(place, &["AAPL"]).err().unwrap().to_string();
    assert!(error.contains("the connection is refused") && error.contains("wb feed simulate"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_second_client_with_the_same_token_is_refused() {
    let simulator = simulator(script(vec![one("AAPL", 1)]));
    let _first = open(simulator.address(), &["AAPL"]).unwrap();
    let error = open(simulator.address(), &["AAPL"]).err().unwrap().to_string();
    assert!(error.contains("no further connection"), "{error}");
}

/// Somebody who answers every call with these bytes.
fn answering(bytes: &'static [u8], hold: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap();
    thread::spawn(move || {
        let mut held = Vec::new();
        for mut stream in listener.incoming().flatten() {
            let mut call = [0; 4096];
            let _ = stream.read(&mut call);
            let _ = stream.write_all(bytes);
            held.extend(hold.then_some(stream));
        }
    });
    place
}

#[test]
fn what_is_no_feed_is_said_in_one_line() {
    for (bytes, said) in [
        (&b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"[..], "status 404"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "status 200"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "does not speak WebSocket"),
        (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "status 503"),
    ] {
        let error = open(answering(bytes, false), &["AAPL"]).err().unwrap().to_string();
        assert!(
            error.contains(said) && !error.contains("hunter2") && !error.contains('\n'),
            "{said}: {error}"
        );
    }
}

#[test]
fn somebody_who_never_answers_is_not_waited_for() {
    let limits = Limits { answer: Duration::from_millis(300), ..limits() };
    let wanted = wanted(answering(b"", true), &["AAPL"]);
    let began = Instant::now();
    let error = Client::open(wanted, limits, Clock::start(), 1).err().unwrap().to_string();
    assert!(error.contains("does not answer in time"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[test]
fn a_feed_that_falls_silent_is_left_and_found_again() {
    let pause = Due { at: 1_500_000, act: one("AAPL", 2) };
    let acts = [Due { at: 0, act: one("AAPL", 1) }, pause];
    let simulator = simulator(Box::new(acts.into_iter()));
    let quick = Limits { quiet: Duration::from_millis(100), silent: Duration::from_millis(600), ..limits() };
    let mut client = Client::open(wanted(simulator.address(), &["AAPL"]), quick, Clock::start(), 1).unwrap();
    // It answers when it is asked whether it is still there, and is believed.
    let all = heard(&mut client, frames(2));
    assert!(!all.iter().any(|heard| matches!(heard, Heard::Lost(..))), "{all:?}");
    // One that does not is left.
    let mute = answering(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
          Sec-WebSocket-Accept: x\r\n\r\n",
        true,
    );
    assert!(open(mute, &["AAPL"]).is_err(), "it does not even know the client's key");
}

#[test]
fn what_cannot_be_read_is_handed_on_and_what_follows_is_read() {
    let bad = r#"{"data":[{"s":"AAPL","t":1,"v":1},{"p":1,"s":"AAPL","t":1,"v":1}],"type":"trade"}"#;
    let acts = vec![Act::Say("{".into()), Act::Say(bad.into()), Act::Ping, one("AAPL", 1)];
    let simulator = simulator(script(acts));
    let mut client = open(simulator.address(), &["AAPL"]).unwrap();
    let all = heard(&mut client, frames(2));
    assert!(matches!(&all[0], Heard::Undecodable(bad) if bad.value == b"{"), "{all:?}");
    assert!(
        matches!(&all[1], Heard::Trades(trades, None) if trades[0].is_err() && trades[1].is_ok()),
        "{all:?}"
    );
    assert_eq!(all[2], Heard::Ping);
}

#[test]
fn a_message_beyond_the_limit_ends_the_connection_and_not_the_client() {
    let huge = format!(r#"{{"type":"trade","data":[],"x":"{}"}}"#, "x".repeat(100_000));
    // What is sent into a connection that is being given up is lost with it: the last comes when that is over.
    let acts = [(0, one("AAPL", 1)), (0, Act::Say(huge)), (300_000, one("AAPL", 2))];
    let simulator = simulator(Box::new(acts.into_iter().map(|(at, act)| Due { at, act })));
    let limits = Limits { frame: 10_000, ..limits() };
    let mut client = Client::open(wanted(simulator.address(), &["AAPL"]), limits, Clock::start(), 1).unwrap();
    let all = heard(&mut client, frames(2));
    let large =
        |heard: &Heard| matches!(heard, Heard::Undecodable(bad) if bad.reason.contains("beyond 10000"));
    let place = all.iter().position(large).unwrap_or_else(|| panic!("{all:?}"));
    let lost = matches!(&all[place + 1], Heard::Lost(why, _) if why.contains("beyond 10000"));
    assert!(lost && all[place + 2..].contains(&Heard::Back), "{all:?}");
}

#[test]
fn a_feed_that_stays_away_is_given_up_with_the_reason() {
    let simulator = simulator(script(vec![one("AAPL", 1), Act::Drop { politely: false }]));
    let limits = Limits { patience: Duration::from_millis(400), ..limits() };
    let mut client = Client::open(wanted(simulator.address(), &["AAPL"]), limits, Clock::start(), 1).unwrap();
    heard(&mut client, frames(1));
    drop(simulator);
    let began = Instant::now();
    let error = loop {
        match client.hear() {
            Err(error) => break error.to_string(),
            Ok(_) => assert!(began.elapsed() < PATIENCE),
        }
    };
    assert!(error.contains("cannot reach the feed"), "{error}");
}

#[test]
fn requests_that_are_none_are_refused_by_the_simulator() {
    assert!(frame::subscribe("a\"b").contains(r#""symbol":"a\"b""#));
    let simulator = simulator(script(vec![one("AAPL", 1)]));
    let mut client = open(simulator.address(), &["a\"b", "AAPL"]).unwrap();
    let all = heard(&mut client, frames(1));
    assert!(
        all.iter().any(|heard| matches!(heard, Heard::Refused(_, said) if said.contains("unknown symbol")))
    );
}
