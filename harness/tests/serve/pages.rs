//! The page over a real socket: what it tells, whom it refuses, and whom it drops.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use harness::clock::Clock;
use harness::driver::Stop;
use harness::lang::Lang;
use harness::serve::board::Board;
use harness::serve::door::Door;
use harness::serve::engine::{Engine, Live};
use harness::serve::http::{Limits, Server};
use harness::serve::site::{self, Pages};
use harness::serve::system::PARTIES;
use serde_json::Value;
use workloads::Query;

use crate::{scene, system};

const TOKEN: &str = "a-token-for-the-tests";

/// A page that is served, with its system in a thread of its own.
struct Served {
    server: Option<Server>,
    board: Board,
    stop: Stop,
    engine: Option<JoinHandle<()>>,
}

impl Served {
    fn start(limits: Limits, guarded: bool) -> Self {
        let (board, (send, asks), stop) = (Board::default(), channel(), Stop::default());
        let workload = workloads::workload("orders").unwrap();
        let pages = Pages {
            door: Door::new(TOKEN.into(), guarded, Vec::new()),
            board: board.clone(),
            asks: send,
            workload,
            mode: "live",
            lang: Lang::En,
            parties: site::parties(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Server::start(listener, site::shared(pages), limits, Clock::start()).unwrap();
        let (hang, ended) = (board.clone(), stop.clone());
        let engine = thread::spawn(move || {
            let mut scene = scene("orders");
            scene.events.cancellations = 0.0;
            let (clock, record) = (Clock::start(), None);
            let engine = Engine { clock, board: hang, asks, stop: ended, record, speed: 4.0, seconds: None };
            engine.run(&mut Live(system(scene))).unwrap();
        });
        Served { server: Some(server), board, stop, engine: Some(engine) }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.server.as_ref().unwrap().address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// Status and body of what is answered to these lines.
    fn ask(&self, request: &str) -> (u16, String) {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        assert!(!head.contains("200") || head.contains("default-src 'none'"), "{head}");
        (head.split(' ').nth(1).unwrap_or("0").parse().unwrap(), body.to_owned())
    }

    fn get(&self, path: &str) -> (u16, String) {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
    }

    fn post(&self, token: &str, body: &str) -> (u16, String) {
        let length = body.len();
        self.ask(&format!(
            "POST /switch HTTP/1.1\r\nHost: localhost\r\nX-Token: {token}\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    }

    /// The events of a stream, one after the other.
    fn follow(&self, keys: &str) -> impl Iterator<Item = Value> + use<> {
        let mut stream = self.connect();
        let request = format!("GET /stream?view=spend{keys} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let lines = BufReader::new(stream).lines().map_while(Result::ok);
        lines.filter_map(|line| Some(serde_json::from_str(line.strip_prefix("data: ")?).unwrap()))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.want();
        self.server.take();
        if let Some(engine) = self.engine.take() {
            engine.join().unwrap();
        }
    }
}

#[test]
fn a_stream_tells_of_the_keys_that_were_asked_for_and_of_every_switch() {
    let served = Served::start(Limits::default(), false);
    let keys = loop {
        let (status, body) = served.get("/keys?view=spend&text=");
        assert_eq!(status, 200);
        let keys: Value = serde_json::from_str(&body).unwrap();
        if keys["keys"].as_array().unwrap().len() == 5 {
            break keys["keys"].clone();
        }
    };
    let key = keys[0].as_str().unwrap();
    let mut events = served.follow(&format!("&key={key}"));
    let first = events.next().unwrap();
    assert_eq!(served.post(TOKEN, r#"{"student":{"handover":"none"}}"#).0, 200);
    assert_eq!(served.post(TOKEN, r#"{"faults":"late=0.1,late_ms=500"}"#).0, 200);
    let wrong = events.find(|event| {
        let row = &event["rows"][0];
        row["key"] == key
            && row["parties"][1]["right"] == false
            && event["now"]["errors"][0]["party"] == PARTIES[1]
    });
    let wrong = wrong.unwrap();
    assert!(wrong["now"]["frame"].as_u64() > first["now"]["frame"].as_u64());
    assert_eq!(wrong["now"]["faults"], "late=0.1,late_ms=500");
    assert_eq!(wrong["now"]["student"]["handover"], "none");
    let row = &wrong["rows"][0];
    assert!(row["parties"][2]["right"] == true && row["parties"][2]["row"] == row["truth"], "{row}");
    assert!(["impossible", "mislabelled"].contains(&wrong["now"]["errors"][0]["class"].as_str().unwrap()));
    let history: Value = serde_json::from_str(&served.get("/history").1).unwrap();
    assert!(history.as_array().is_some_and(|samples| samples.len() > 2));
}

#[test]
fn what_cannot_be_meant_is_refused_in_one_line() {
    let served = Served::start(Limits::default(), false);
    for (token, body, status, says) in [
        ("wrong", r#"{"faults":"none"}"#, 403, "page of this server"),
        (TOKEN, "{", 400, "cannot be read"),
        (TOKEN, r#"{"faults":"sabotage=1"}"#, 400, "no fault of a source"),
        (TOKEN, r#"{"student":{"handover":"sometime"}}"#, 400, "no hand-over"),
        (TOKEN, r#"{"student":{"dedup":"guess"}}"#, 400, "no dedup"),
        (TOKEN, r#"{"student":{"faults":["inverted-sign"]}}"#, 409, "only"),
    ] {
        let (got, said) = served.post(token, body);
        assert_eq!((got, said.lines().count()), (status, 1), "{body}: {said}");
        assert!(said.contains(says), "{said}");
    }
}

#[test]
fn requests_have_limits() {
    let limits = Limits { request: Duration::from_millis(300), ..Limits::default() };
    let served = Served::start(limits, false);
    assert_eq!(
        served.ask(&format!("GET / HTTP/1.1\r\nHost: localhost\r\nA: {}\r\n\r\n", "x".repeat(9_000))).0,
        431
    );
    assert_eq!(
        served.ask("POST /switch HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999\r\n\r\n").0,
        413
    );
    assert_eq!(served.ask("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n").0, 403);
    assert_eq!(served.ask("POKE / HTTP/1.1\r\nHost: localhost\r\n\r\n").0, 405);
    assert_eq!(served.ask("GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n").0, 404);
    // One that never ends is not waited for.
    assert_eq!(served.ask("GET / HTTP/1.1\r\nHost: local").0, 408);
}

#[test]
fn a_guarded_page_shows_nothing_without_its_token() {
    let served = Served::start(Limits::default(), true);
    for path in ["/", "/stream?view=spend", "/about", "/serve.js"] {
        assert_eq!(served.get(path).0, 403, "{path}");
    }
    assert_eq!(served.get("/?token=guessed").0, 403);
    assert_eq!(served.get(&format!("/?token={TOKEN}")).0, 303);
    let cookie = format!("GET /about HTTP/1.1\r\nHost: localhost\r\nCookie: wb-token={TOKEN}\r\n\r\n");
    assert_eq!(served.ask(&cookie).0, 200);
}

#[test]
fn no_answer_tells_where_anything_lies() {
    let served = Served::start(Limits::default(), false);
    let folder = std::env::temp_dir().display().to_string();
    for path in
        ["/", "/serve.js", "/serve.css", "/about", "/words?lang=fr", "/words?lang=en", "/history", "/nothing"]
    {
        let (_, body) = served.get(path);
        assert!(!body.contains(&folder) && !body.contains("/home/"), "{path}");
        assert_eq!(body.contains(TOKEN), path == "/", "{path}");
    }
    let event = served.follow("").next().unwrap().to_string();
    assert!(!event.contains(&folder) && !event.contains(TOKEN), "{event}");
}

#[test]
fn one_who_does_not_read_is_dropped_and_nobody_waits_for_it() {
    let limits = Limits { connections: 8, stall: Duration::from_millis(200), ..Limits::default() };
    let served = Served::start(limits, false);
    let query = Query { view: "spend".into(), key: Some("x".into()) };
    let _reading = served.board.look(vec![query]);
    let mut stuck = served.connect();
    stuck.write_all(b"GET /stream?view=spend HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut events = served.follow("");
    events.next().unwrap();
    let both = served.board.pages();
    assert_eq!(both, 3);
    // A few hundred frames fill whatever lies between here and there.
    let (heavy, began) = ("x".repeat(1 << 14), Instant::now());
    while served.board.pages() == both {
        served.board.show(format!("\"{heavy}\""), Default::default());
        events.next().unwrap();
        assert!(began.elapsed() < Duration::from_secs(60), "it is still waited for");
    }
    assert_eq!(served.board.pages(), both - 1);
    assert!(events.next().is_some());
}

#[test]
fn more_pages_than_allowed_are_turned_away() {
    let served = Served::start(Limits { connections: 2, ..Limits::default() }, false);
    let mut open: Vec<_> = (0..2).map(|_| served.follow("")).collect();
    open.iter_mut().for_each(|events| assert!(events.next().is_some()));
    assert_eq!(served.get("/about").0, 503);
    open.pop();
    let began = Instant::now();
    while served.get("/about").0 != 200 {
        assert!(began.elapsed() < Duration::from_secs(20), "its place is still taken");
    }
}
