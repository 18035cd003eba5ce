//! The line protocol through which a component is read and watched: one JSON object a line, over a Unix socket.
//!
//! Any engine can take part by speaking it from one file:
//!
//! ```text
//! -> {"id":7,"read":[{"view":"spend","key":"customer-00042"},{"view":"revenue"}]}
//! <- {"id":7,"version":[1200,1187],"rows":[{"customer-00042":[129900,3]},{"all":[88120044,2387]}]}
//! <- {"id":7,"version":null,"error":"there is no view `spent`"}
//! -> {"watch":true}
//! <- {"version":[1200,1187]}
//! ```
//!
//! * **Read**: `id` is the reader's own and comes back in the answer. `read` holds one or more questions, all
//!   answered at one version. Without a `key` the whole view is asked. `rows` holds one object a question, in
//!   their order; a key without a row is an empty object. The numbers of a row are integers of up to 128 bits,
//!   in the order of the view's columns. `version` is what the answer claims: the next offset of each partition,
//!   everything below included; `null` claims nothing.
//! * **At**: `{"id":9,"at":[1100,1090],"read":[..]}` is answered as of exactly that version by those who keep some for a
//!   while, and by an error by others and for a version that is not kept: one that was announced within the last seconds
//!   is, of a Kappa, unless it has been started again since.
//! * **Watch**: from then on, on this connection, a line with the version whenever a newer one can be read (of a
//!   batch: has been published), beginning with the present one if there is one.
//! * **Job**: of a contestant that can have another job beside the one that answers. `{"id":8,"job":"status"}` asks which
//!   there are; `{"id":8,"job":{"replace":{"terms":{..}}}}` begins one with other terms, `"confirm"` and `"rollback"` end
//!   what it began. The answer holds the `jobs` as they then are. Every answer to a read of such a contestant says with
//!   `job` which of them it is of.
//! * Requests may be sent before earlier ones are answered; answers may come in another order. Requests of one
//!   connection and of several are the same.
//! * A line that is not understood is answered by `{"error":".."}`, with its `id` where one could be read. A
//!   request line is at most [`REQUEST_LIMIT`] bytes; a longer one is answered so too, and the connection closed.

use kappa::{Status, Task};
use serde::{Deserialize, Serialize};
use workloads::{Answer, Query, Rows, Version};

/// Bytes of the longest request line.
pub const REQUEST_LIMIT: usize = 1 << 20;

/// Bytes of the longest line that a reader accepts: a whole view of some millions of rows.
pub const ANSWER_LIMIT: usize = 1 << 30;

/// A line to a component.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The reader's own number of a read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// What is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<Vec<Query>>,
    /// The version that is asked about; the newest when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Version>,
    /// What is wished of its jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobOrder>,
    /// Whether versions are to be announced on this connection.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub watch: bool,
}

/// What is wished of a contestant's jobs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobOrder {
    /// To say which there are.
    Status,
    /// To begin one that is to answer in place of the one that does.
    Replace(Task),
    /// To drop the one that answered before.
    Confirm,
    /// To have the one that answered before answer again, or to drop the one that does not yet.
    Rollback,
}

/// A line from a component.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// The number of the read that this answers; absent when it announces a version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// The version claimed or announced.
    #[serde(default)]
    pub version: Option<Version>,
    /// The answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<Rows>>,
    /// Of which job they are, where there can be several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<u32>,
    /// Which jobs there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jobs: Option<Box<Status>>,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What a line asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// To answer these questions under this number, at a version or at the newest.
    Read(u64, Vec<Query>, Option<Version>),
    /// To do something about its jobs, under this number.
    Job(u64, JobOrder),
    /// To announce versions.
    Watch,
}

impl Request {
    /// A read.
    pub fn read(id: u64, queries: &[Query]) -> Self {
        Request { id: Some(id), read: Some(queries.to_vec()), ..Request::default() }
    }

    /// A read at a version.
    pub fn read_at(id: u64, queries: &[Query], at: Option<Version>) -> Self {
        Request { at, ..Request::read(id, queries) }
    }

    /// A wish about jobs.
    pub fn job(id: u64, order: &JobOrder) -> Self {
        Request { id: Some(id), job: Some(order.clone()), ..Request::default() }
    }

    /// A watch.
    pub fn watch() -> Self {
        Request { watch: true, ..Request::default() }
    }

    /// Understands a line; otherwise gives the line that says why not.
    pub fn parse(line: &[u8]) -> Result<Asked, Response> {
        let request: Request = serde_json::from_slice(line)
            .map_err(|error| Response::refused(None, format!("not a request: {error}")))?;
        match request {
            Request { id: Some(id), read: Some(queries), at, job: None, watch: false } => {
                Ok(Asked::Read(id, queries, at))
            }
            Request { id: Some(id), read: None, at: None, job: Some(order), watch: false } => {
                Ok(Asked::Job(id, order))
            }
            Request { id: None, read: None, at: None, job: None, watch: true } => Ok(Asked::Watch),
            Request { id, .. } => {
                let expected = "expected {\"id\":N,\"read\":[..]}, {\"id\":N,\"job\":..} or {\"watch\":true}";
                Err(Response::refused(id, expected.to_owned()))
            }
        }
    }
}

impl Response {
    /// An answer.
    pub fn answer(id: u64, job: Option<u32>, answer: Answer) -> Self {
        Response {
            id: Some(id),
            version: answer.version,
            rows: Some(answer.rows),
            job,
            ..Response::default()
        }
    }

    /// Which jobs there are.
    pub fn jobs(id: u64, status: Status) -> Self {
        Response {
            id: Some(id),
            version: Some(status.version.clone()),
            jobs: Some(Box::new(status)),
            ..Response::default()
        }
    }

    /// No answer, and why.
    pub fn refused(id: Option<u64>, error: String) -> Self {
        Response { id, error: Some(error), ..Response::default() }
    }

    /// A version that can be read.
    pub fn announcement(version: Version) -> Self {
        Response { version: Some(version), ..Response::default() }
    }

    /// What a reader got: its answer, or the reason why it has none.
    pub fn into_answer(self) -> Result<Answer, String> {
        match (self.error, self.rows) {
            (Some(error), _) => Err(error),
            (None, Some(rows)) => Ok(Answer { version: self.version, rows }),
            (None, None) => Err("a line without rows and without an error".to_owned()),
        }
    }
}

/// Adds an object and the end of its line.
pub fn write_line<T: Serialize>(item: &T, out: &mut Vec<u8>) {
    serde_json::to_writer(&mut *out, item).expect("text keys and integers can always be written to memory");
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_lines_are_those_of_the_description() {
        let query = |view: &str, key: Option<&str>| Query { view: view.into(), key: key.map(str::to_owned) };
        let mut line = Vec::new();
        write_line(&Request::read(7, &[query("spend", Some("a")), query("revenue", None)]), &mut line);
        assert_eq!(
            String::from_utf8(line.clone()).unwrap(),
            "{\"id\":7,\"read\":[{\"view\":\"spend\",\"key\":\"a\"},{\"view\":\"revenue\"}]}\n"
        );
        assert!(matches!(Request::parse(&line), Ok(Asked::Read(7, queries, None)) if queries.len() == 2));
        let at = Some(Version(vec![1, 2]));
        let mut line = Vec::new();
        write_line(&Request::read_at(9, &[query("revenue", None)], at.clone()), &mut line);
        assert_eq!(
            String::from_utf8(line.clone()).unwrap(),
            "{\"id\":9,\"read\":[{\"view\":\"revenue\"}],\"at\":[1,2]}\n"
        );
        assert!(matches!(Request::parse(&line), Ok(Asked::Read(9, _, asked)) if asked == at));
        assert!(Request::parse(b"{\"watch\":true,\"at\":[1]}").is_err());
        assert_eq!(Request::parse(b"{\"watch\":true}"), Ok(Asked::Watch));
        assert_eq!(Request::parse(b"{\"id\":8,\"job\":\"rollback\"}"), Ok(Asked::Job(8, JobOrder::Rollback)));
    }

    #[test]
    fn integers_of_128_bits_survive() {
        let rows = [("k".to_owned(), vec![i128::MAX, i128::MIN])].into();
        let answer = Answer { version: Some(Version(vec![1])), rows: vec![rows] };
        let mut line = Vec::new();
        write_line(&Response::answer(1, None, answer.clone()), &mut line);
        let back: Response = serde_json::from_slice(&line).unwrap();
        assert_eq!(back.into_answer(), Ok(answer));
    }

    #[test]
    fn a_request_that_is_neither_says_what_was_expected() {
        let refused = Request::parse(b"{\"id\":3}").unwrap_err();
        assert_eq!(refused.id, Some(3));
        assert!(refused.error.unwrap().contains("expected"));
        assert!(Request::parse(b"{\"id\":3,\"reed\":[]}").is_err());
    }

    proptest! {
        #[test]
        fn no_line_panics(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Request::parse(&line);
        }
    }
}
