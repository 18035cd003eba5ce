//! `wb lab wordcount`: words of typed, piped or sent text, counted in all and in windows of two seconds.

use std::process::ExitCode;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use clap::Args;
use workloads::calendar::Unit;
use workloads::words::{WINDOW, window_of};
use workloads::{Codec, Draft, Event, Millis, Name, Row, WordEvent};

use super::super::World;
use super::super::print::{self, Format, Value};
use super::lines;
use super::stage::{Follower, Ground, Stage};
use crate::lang::context;

/// How long to wait for another line before looking whether a window has closed.
const TURN: Duration = Duration::from_millis(50);

/// Which text, and over which log.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  echo 'hello hello kafka and zookeeper!' | wb lab wordcount
  wb lab wordcount --log kafka://127.0.0.1:9092/words
  wb lab wordcount --lines kafka://127.0.0.1:9092/Hello-Kafka

With --lines the text is what comes into another topic, for instance from Kafka's own console producer; it ends with \
Ctrl-C, or when nothing has come for --idle seconds.")]
pub struct Arguments {
    #[command(flatten)]
    ground: Ground,
    /// Read lines from this topic, as one of the group `wordcount`, rather than from standard input
    #[cfg(feature = "kafka")]
    #[arg(long, value_name = "ADDRESS")]
    lines: Option<String>,
    /// End when no line came from the topic for so many seconds
    #[cfg(feature = "kafka")]
    #[arg(long, value_name = "SECONDS", requires = "lines")]
    idle: Option<u64>,
    /// Who counts
    #[arg(long, value_name = "NAME", default_value = "kappa")]
    contestant: String,
    /// How to print the totals; windows are shown in a table alone
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Arguments {
    /// Does it.
    pub fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        let stage = self.ground.open("words", Codec::Json, world)?;
        let follower = stage.follow(&self.contestant)?;
        let mut count = Count { stage, follower, world, shown: None, format: self.format };
        #[cfg(feature = "kafka")]
        if let Some(topic) = &self.lines {
            self.sent(topic, &mut count)?;
            return count.end();
        }
        typed(&mut count)?;
        count.end()
    }

    /// Lines from a topic until none comes any more.
    #[cfg(feature = "kafka")]
    fn sent(&self, topic: &str, count: &mut Count<'_>) -> anyhow::Result<()> {
        use super::super::kafka::consume::{Member, grouped};
        use super::super::kafka::{Cluster, Watch};
        use workloads::log::kafka::rdkafka::Message;

        let cluster = Cluster { bootstrap: String::new(), clients: self.ground.clients.clone() };
        let reached = cluster.reach(topic, count.world)?;
        reached.partitions()?;
        let mut config = grouped(&reached, "wordcount");
        config.set("auto.offset.reset", "earliest");
        let member = Member::join(&reached, &config, Watch::default())?;
        let mut last = count.world.clock.micros();
        while !count.world.stop.wanted() {
            match member.next(TURN)? {
                Some(message) => {
                    let line = String::from_utf8_lossy(message.payload().unwrap_or_default()).into_owned();
                    count.take(&[line])?;
                    last = count.world.clock.micros();
                }
                None => count.look()?,
            }
            let waited = (count.world.clock.micros() - last) / 1_000_000;
            if self.idle.is_some_and(|seconds| waited >= seconds as i64) {
                break;
            }
        }
        Ok(())
    }
}

/// Lines from standard input until it ends or somebody wants to end.
fn typed(count: &mut Count<'_>) -> anyhow::Result<()> {
    let lines = lines::stdin();
    while !count.world.stop.wanted() {
        match lines.recv_timeout(TURN) {
            Ok(line) => {
                let mut taken = vec![line];
                taken.extend(lines.try_iter().take(lines::WAITING));
                count.take(&taken)?;
            }
            Err(RecvTimeoutError::Timeout) => count.look()?,
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    Ok(())
}

struct Count<'a> {
    stage: Stage,
    follower: Follower,
    world: &'a World,
    /// The window in which words came last, until it is shown.
    shown: Option<i64>,
    format: Format,
}

impl Count<'_> {
    /// Splits lines at white space; every word is an event of now.
    fn take(&mut self, lines: &[String]) -> anyhow::Result<()> {
        let now = self.world.clock.millis();
        let draft = |word: &str| {
            let event = Event::Word(WordEvent { word: Name::new(word), time: now });
            Draft { origin: None, intended: 0, event }
        };
        let words: Vec<Draft> = lines.iter().flat_map(|line| line.split_whitespace()).map(draft).collect();
        self.close(now)?;
        if words.is_empty() {
            return Ok(());
        }
        self.stage.append(&words, now)?;
        self.shown = Some(window_of(now));
        self.follow()
    }

    /// Nothing came for a moment.
    fn look(&mut self) -> anyhow::Result<()> {
        self.close(self.world.clock.millis())
    }

    fn follow(&mut self) -> anyhow::Result<()> {
        let heads = self.stage.log.heads()?;
        self.follower.reach(&heads, self.world)
    }

    /// Shows the window that words came in, if it is over.
    fn close(&mut self, now: Millis) -> anyhow::Result<()> {
        match self.shown {
            Some(window) if window + WINDOW <= Unit::Second.of(now) => self.show(window),
            _ => Ok(()),
        }
    }

    fn show(&mut self, window: i64) -> anyhow::Result<()> {
        self.shown = None;
        if self.format != Format::Table {
            return Ok(());
        }
        let totals = self.follower.rows("totals")?;
        let mut rows = Vec::new();
        for (key, row) in self.follower.rows("windows")? {
            if let Some((word, second)) = Unit::Second.parse_key(&key)
                && second == window
            {
                let all = totals.get(word).cloned().unwrap_or_default();
                rows.push(vec![Value::from(word), count(&row), count(&all)]);
            }
        }
        let lang = self.world.lang;
        print::text(&lang.say("labs.words-window", context! { window => Unit::Second.print(window) }))?;
        print::table(lang, &["labs.words-word", "labs.words-in-window", "labs.words-in-all"], &rows)
    }

    /// The last window, and everything.
    fn end(mut self) -> anyhow::Result<ExitCode> {
        self.follow()?;
        if let Some(window) = self.shown {
            self.show(window)?;
        }
        let totals = self.follower.rows("totals")?;
        let rows = totals.into_iter().map(|(word, row)| vec![Value::from(word), count(&row)]);
        let rows: Vec<_> = rows.collect();
        if self.format == Format::Table {
            print::text(&self.world.lang.text("labs.words-totals"))?;
            print::table(self.world.lang, &["labs.words-word", "labs.words-count"], &rows)?;
        } else {
            print::rows(self.format, &["word", "count"], &rows)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn count(row: &Row) -> Value {
    Value::Integer(row.first().copied().unwrap_or_default())
}
