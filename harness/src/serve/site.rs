//! The page and what it asks for.

use std::sync::Arc;
use std::sync::mpsc::{Sender, sync_channel};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use workloads::faults::SourceFaults;
use workloads::{Query, Workload};

use super::board::Board;
use super::door::Door;
use super::engine::Ask;
use super::http::{Reply, Request, Response, Site};
use super::party;
use super::record::Student;
use super::system::PARTIES;
use crate::lang::Lang;

/// How long a page waits for what it asks of the system: a batch may be at work.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long there may be nothing new before a page is told so.
const QUIET: Duration = Duration::from_secs(1);

const HTML: &str = include_str!("../../assets/serve.html");
const SCRIPT: &str = include_str!("../../assets/serve.js");
const STYLE: &str = include_str!("../../assets/serve.css");

/// A Greek letter of either colour.
const ICON: &str = concat!(
    r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" font-size="26" font-family="serif">"#,
    r##"<text x="1" y="25" fill="#D55E00">λ</text><text x="15" y="25" fill="#0072B2">κ</text></svg>"##
);

/// The page's site.
pub struct Pages {
    /// Who may ask.
    pub door: Door,
    /// Where frames hang.
    pub board: Board,
    /// The way to the system.
    pub asks: Sender<Ask>,
    /// What is shown.
    pub workload: &'static Workload,
    /// Whether anything can be switched.
    pub mode: &'static str,
    /// The language of a page that does not say which it wants.
    pub lang: Lang,
    /// Who takes part.
    pub parties: Vec<String>,
}

/// What a page sends to switch something.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    /// Faults of the source as on the command line.
    faults: Option<String>,
    student: Option<Manner>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct Manner {
    handover: String,
    dedup: String,
    faults: Vec<String>,
}

impl Manner {
    fn student(&self) -> Result<Student, String> {
        let mut student = Student::default();
        if !self.handover.is_empty() {
            student.lambda.handover = self.handover.parse()?;
        }
        if !self.dedup.is_empty() {
            student.dedup = Some(party::dedup(&self.dedup)?);
        }
        student.lambda.student = self.faults.iter().map(|name| name.parse()).collect::<Result<_, _>>()?;
        Ok(student)
    }
}

impl Site for Pages {
    fn answer(&self, request: &Request) -> Reply {
        if let Some(refused) = self.door.refuse(request) {
            return Reply::Whole(refused);
        }
        let response = match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/") => self.page(request),
            ("GET", "/serve.js") => Response::new(200, "text/javascript; charset=utf-8", SCRIPT),
            ("GET", "/serve.css") => Response::new(200, "text/css; charset=utf-8", STYLE),
            ("GET", "/icon.svg") => Response::new(200, "image/svg+xml", ICON),
            ("GET", "/words") => json(&language(request, self.lang).area("page")),
            ("GET", "/about") => self.about(),
            ("GET", "/keys") => self.keys(request),
            ("GET", "/history") => self.history(),
            ("GET", "/stream") => return self.stream(request),
            ("POST", "/switch") => self.switch(request),
            ("GET" | "POST", _) => Response::line(404, "there is nothing of that name"),
            _ => Response::line(405, "only GET and POST are known here"),
        };
        Reply::Whole(response)
    }
}

impl Pages {
    fn page(&self, request: &Request) -> Response {
        let page = HTML.replace("{{lang}}", language(request, self.lang).name());
        Response::new(200, "text/html; charset=utf-8", page.replace("{{token}}", self.door.token()))
    }

    fn about(&self) -> Response {
        let view = |view: &workloads::View| json!({ "name": view.name, "about": view.about, "key": view.key, "columns": view.columns });
        let views: Vec<_> = self.workload.views.iter().map(view).collect();
        json(&json!({
            "workload": self.workload.name, "mode": self.mode, "parties": self.parties, "views": views,
        }))
    }

    fn keys(&self, request: &Request) -> Response {
        let asked = |name: &str| request.asked(name).unwrap_or_default().to_owned();
        let (reply, answer) = sync_channel(1);
        let ask = Ask::Keys { view: asked("view"), text: asked("text"), reply };
        match self.asks.send(ask).ok().and_then(|()| answer.recv_timeout(PATIENCE).ok()) {
            Some(keys) => json(&keys),
            None => busy(),
        }
    }

    fn history(&self) -> Response {
        let (reply, answer) = sync_channel(1);
        match self.asks.send(Ask::History(reply)).ok().and_then(|()| answer.recv_timeout(PATIENCE).ok()) {
            Some(samples) => json(&samples),
            None => busy(),
        }
    }

    fn switch(&self, request: &Request) -> Response {
        let wish: Wish = match serde_json::from_slice(&request.body) {
            Ok(wish) => wish,
            Err(error) => return Response::line(400, &format!("that cannot be read: {error}")),
        };
        let faults = wish.faults.as_deref().map(SourceFaults::parse).transpose();
        let student = wish.student.as_ref().map(Manner::student).transpose();
        let (faults, student) = match (faults, student) {
            (Ok(faults), Ok(student)) => (faults, Box::new(student)),
            (Err(error), _) => return Response::line(400, &error.to_string()),
            (_, Err(error)) => return Response::line(400, &error),
        };
        let (reply, answer) = sync_channel(1);
        let ask = Ask::Switch { faults, student, reply };
        match self.asks.send(ask).ok().and_then(|()| answer.recv_timeout(PATIENCE).ok()) {
            Some(Ok(switched)) => json(&switched),
            Some(Err(why)) => Response::line(409, &why),
            None => busy(),
        }
    }

    fn stream(&self, request: &Request) -> Reply {
        let view = request.asked("view").unwrap_or_default().to_owned();
        let keys = request.query.iter().filter(|(name, _)| name == "key");
        let questions = keys.map(|(_, key)| Query { view: view.clone(), key: Some(key.clone()) });
        let known = self.workload.view(&view).is_some();
        let page = self.board.look(if known { questions.collect() } else { Vec::new() });
        let mut last = 0;
        Reply::Stream(Box::new(move || {
            let shown = page.after(last, QUIET);
            Some(shown.map_or(String::new(), |shown| {
                last = shown.number;
                page.text(&shown)
            }))
        }))
    }
}

/// The parties of a system.
pub fn parties() -> Vec<String> {
    PARTIES.map(str::to_owned).to_vec()
}

fn language(request: &Request, usual: Lang) -> Lang {
    let asked = request.asked("lang");
    Lang::ALL.into_iter().find(|lang| asked == Some(lang.name())).unwrap_or(usual)
}

fn json(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => Response::new(200, "application/json; charset=utf-8", body),
        Err(error) => Response::line(500, &format!("that cannot be written: {error}")),
    }
}

fn busy() -> Response {
    Response::line(503, "the system is busy: try again in a moment")
}

/// A site for several threads.
pub fn shared(pages: Pages) -> Arc<dyn Site> {
    Arc::new(pages)
}
