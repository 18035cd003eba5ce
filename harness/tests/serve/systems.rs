//! Systems without a page: their rows, their wrong answers and their records.

use std::path::Path;

use harness::clock::Clock;
use harness::contestants::contestant;
use harness::driver::Stop;
use harness::judge::{Bases, Class, Evidence, judge};
use harness::observe::{Noise, Run};
use harness::serve::frame::{self, written};
use harness::serve::record::Student;
use harness::serve::system::{Kept, PARTIES};
use harness::serve::{Record, Scene, System};
use lambda::options::Protocol;
use workloads::faults::SourceFaults;
use workloads::{Dedup, Terms, Version};

use crate::{ground, run, scene, student, system};

/// Every row that is shown after some ticks is what each contestant answers over the same log by itself.
fn shows_what_answer_says(workload: &'static str) {
    let folder = tempfile::tempdir().unwrap();
    let mut system = System::new(scene(workload), ground(Some(folder.path())), Clock::start()).unwrap();
    run(&mut system, 150);
    let questions = system.oracle().questions();
    let lines = frame::lines(&mut system, &questions);
    let version = system.heads().clone();
    assert!(version.total() > 2_000, "{version}");
    for name in ["lambda", "kappa"] {
        let party = PARTIES.iter().position(|party| *party == name).unwrap();
        let (who, log) = (contestant(name).unwrap(), system.log().clone());
        let (answer, _) =
            harness::upto::answer(who, log, &Terms::default(), &version, &questions, &Stop::default())
                .unwrap();
        for (query, rows) in questions.iter().zip(&answer.rows) {
            let said = &lines[query].parties[party];
            let row = rows.get(query.key.as_deref().unwrap()).map(written);
            assert_eq!((&said.row, said.right), (&row, true), "{name} {query:?}");
            assert_eq!((said.class, &lines[query].truth), (Some("current"), &row), "{name} {query:?}");
        }
    }
    let total = |row: &Option<Vec<String>>| row.as_ref().map_or(0, |row| row[0].parse::<i128>().unwrap());
    let sums = questions.iter().filter(|query| ["spend", "revenue", "volume"].contains(&query.view.as_str()));
    for query in sums {
        let lambda = &lines[query].parties[0];
        assert_eq!(total(&lambda.batch) + total(&lambda.speed), total(&lambda.row), "{query:?}");
    }
}

#[test]
fn rows_of_orders_are_what_answer_says() {
    shows_what_answer_says("orders");
}

#[test]
fn rows_of_trades_are_what_answer_says() {
    shows_what_answer_says("trades");
}

fn evidence(system: &System, kept: &mut Kept, party: usize) -> Evidence {
    let heads = system.heads().clone();
    let run = Run {
        workload: system.workload().name.into(),
        contestant: PARTIES[party].into(),
        repeat: 1,
        log: "memory".into(),
        clean_log: None,
        terms: system.record.scene.terms.clone(),
        live_from: Version::zero(heads.0.len() as u32),
        live_until_us: system.at_us(),
        ended_us: system.at_us(),
        rate: 0.0,
        objective_us: 0,
        kept_bytes: 0,
        log_bytes: 0,
        dead_letters: 0,
        ended: "complete".into(),
        noise: Noise::default(),
    };
    let (reads, arrivals) = (std::mem::take(&mut kept.reads[party]), kept.arrivals.clone());
    Evidence { run, reads, arrivals, watched: Vec::new(), marks: Vec::new(), log: system.log().clone() }
}

/// Classes that were given at once are those that the judge gives to the whole run.
fn agrees_with_the_judge(workload: &str, handover: Protocol, faults: &str) -> [u64; 3] {
    let mut scene = scene(workload);
    (scene.student, scene.faults) = (student(handover), faults.parse().unwrap());
    let mut system = system(scene);
    system.kept = Some(Kept::default());
    run(&mut system, 200);
    let mut kept = system.kept.take().unwrap();
    let mut wrong = [0; 3];
    for party in 0..3 {
        let verdicts = judge(&evidence(&system, &mut kept, party), &mut Bases::default()).unwrap();
        assert_eq!(verdicts.reads.len(), kept.classes[party].len());
        for (verdict, class) in verdicts.reads.iter().zip(&kept.classes[party]) {
            // What becomes true later cannot be known when it is said.
            let same = verdict.class == *class
                || (verdict.class, *class) == (Class::FromTheFuture, Class::Impossible);
            let (view, key, at) = (&verdict.view, &verdict.key, verdict.sent_us);
            assert!(same, "{} {view} {key} at {at}: {class:?}, judged {:?}", PARTIES[party], verdict.class);
            wrong[party] += u64::from(class.wrong());
        }
    }
    let counted: u64 = wrong.iter().sum();
    assert_eq!(system.errors.wrong(), counted);
    wrong
}

#[test]
fn a_weak_handover_is_called_what_the_judge_calls_it() {
    for handover in [Protocol::None, Protocol::AtStart, Protocol::AtPublish] {
        let wrong = agrees_with_the_judge("orders", handover, "none");
        assert!(wrong[1] > 50 && wrong[0] == 0 && wrong[2] == 0, "{handover}: {wrong:?}");
    }
}

#[test]
fn trades_with_late_events_and_a_handover_by_event_time_go_wrong_for_the_student_alone() {
    let by_time = Protocol::EventTime { grace_ms: 0 };
    let wrong = agrees_with_the_judge("trades", by_time, "late=0.2,late_ms=3000");
    assert!(wrong[1] > 50 && wrong[0] == 0 && wrong[2] == 0, "{wrong:?}");
}

#[test]
fn with_the_agreed_handover_nobody_is_wrong_whatever_the_source_does() {
    let faults = "late=0.1,late_ms=3000,resend=0.1,poison=0.01,reorder=0.1";
    for workload in ["orders", "trades"] {
        assert_eq!(agrees_with_the_judge(workload, Protocol::Offset, faults), [0; 3]);
    }
}

/// Runs 300 ticks in three rounds with four switches, and writes the record down.
fn recorded(folder: &Path) -> Record {
    let mut system = system(Scene { round: 2_500, ..scene("orders") });
    run(&mut system, 60);
    system.switch(None, Some(student(Protocol::None))).unwrap();
    run(&mut system, 90);
    system.switch(Some("late=0.2,late_ms=2000,resend=0.1".parse().unwrap()), None).unwrap();
    run(&mut system, 50);
    let dedup = Some(Dedup::Offset);
    system.switch(None, Some(Student { dedup, ..student(Protocol::Offset) })).unwrap();
    run(&mut system, 60);
    system.switch(Some(SourceFaults::default()), Some(Student::default())).unwrap();
    run(&mut system, 40);
    assert_eq!(system.round().0, 3);
    let record = system.recorded();
    assert!(record.end.wrong > 100, "{:?}", record.end);
    record.save(folder).unwrap();
    record
}

#[test]
fn a_record_shows_the_same_wrong_answers_again() {
    let folder = tempfile::tempdir().unwrap();
    let record = recorded(folder.path());
    let read = Record::load(folder.path()).unwrap();
    assert_eq!(read, record);
    let again = System::replay(&read, ground(None), Clock::start(), |_| Ok(())).unwrap().recorded();
    assert_eq!(again, record);
    // It is the switches that make them.
    let mut other = read.clone();
    other.switches.remove(0);
    let other = System::replay(&other, ground(None), Clock::start(), |_| Ok(())).unwrap();
    assert_ne!(other.recorded().end.digest, record.end.digest);
}

#[test]
fn a_student_that_is_built_again_is_right_until_its_next_batch() {
    let mut system = system(scene("orders"));
    run(&mut system, 45);
    system.switch(None, Some(student(Protocol::None))).unwrap();
    run(&mut system, 2);
    let wrong = system.errors.wrong();
    assert_eq!(wrong, 0);
    run(&mut system, 80);
    assert!(system.errors.wrong() > 0);
    system.switch(None, Some(Student::default())).unwrap();
    let wrong = system.errors.wrong();
    run(&mut system, 80);
    assert_eq!(system.errors.wrong(), wrong);
}

#[test]
fn a_scene_that_cannot_be_run_says_why() {
    for (scene, says) in [
        (Scene { rate: f64::NAN, ..scene("orders") }, "rate"),
        (Scene { round: 5, ..scene("orders") }, "round"),
        (Scene { cut_ms: 10, ..scene("orders") }, "cut_ms"),
        (scene("prayers"), "there are orders"),
    ] {
        let error = scene.check().unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}
