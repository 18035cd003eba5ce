//! Reads at a version that lies a little back: answered by those who keep some, judged at exactly that version.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::sync::Arc;

use harness::contestants::find;
use harness::judge::{Bases, Class, Evidence, judge};
use harness::observe::{Kind, Observation};
use harness::stepped::{Script, run};
use workloads::Version;
use workloads::files::{PowerLoss, SharedDisk};

fn evidence(name: &str, script: &Script) -> Evidence {
    let disk: SharedDisk = Arc::new(PowerLoss::new(script.seed));
    disk.create_dir(Path::new("/state")).unwrap();
    run(find(name).unwrap(), script, &disk, Path::new("/state")).unwrap()
}

fn past(evidence: &Evidence) -> Vec<usize> {
    let all = evidence.reads.iter().enumerate();
    all.filter(|(_, read)| read.kind == Kind::Past).map(|(index, _)| index).collect()
}

#[test]
fn a_kappa_is_right_at_versions_that_lie_back_and_others_are_not_asked() {
    for workload in workloads::WORKLOADS {
        for restart in [0.0, 0.01] {
            let mut script = Script::small(workload.name, 5);
            script.restart = restart;
            let evidence = evidence("kappa", &script);
            let verdicts = judge(&evidence, &mut Bases::default()).unwrap();
            let past = past(&evidence);
            assert!(past.len() > 20, "{}: {} reads", workload.name, past.len());
            let older = |index: &&usize| evidence.reads[**index].at < verdicts.reads[**index - 1].claimed;
            assert!(past.iter().filter(older).count() * 2 > past.len(), "most are about older versions");
            for index in past {
                let (read, verdict) = (&evidence.reads[index], &verdicts.reads[index]);
                assert_eq!((verdict.class, &verdict.claimed), (Class::Current, &read.at), "{read:#?}");
                assert!(!verdict.regressed && !verdict.below_announced && verdict.behind_us == 0);
            }
            assert_eq!(verdicts.invariants.1, 0);
            assert!(verdicts.reads.iter().all(|it| !it.class.wrong() || it.class == Class::Error));
        }
    }
    assert!(past(&evidence("lambda", &Script::small("orders", 5))).is_empty());
}

/// The class of one read that is not as it should be.
fn spoilt(evidence: &mut Evidence, index: usize, spoil: impl FnOnce(&mut Observation)) -> Class {
    let whole = evidence.reads[index].clone();
    spoil(&mut evidence.reads[index]);
    let class = judge(evidence, &mut Bases::default()).unwrap().reads[index].class;
    evidence.reads[index] = whole;
    class
}

#[test]
fn an_answer_about_another_version_than_was_asked_for_is_mislabelled() {
    let mut evidence = evidence("kappa", &Script::small("orders", 6));
    let sent = &evidence.reads;
    let with_rows =
        |index: &usize| sent[*index].answer.iter().flat_map(|it| &it.rows).all(|rows| !rows.is_empty());
    let index = *past(&evidence).iter().rfind(|index| with_rows(index)).unwrap();
    let newer = evidence.reads[..index].iter().rev().find_map(|read| {
        let version = read.answer.as_ref()?.version.clone()?;
        (Some(&version) != evidence.reads[index].at.as_ref()).then_some(version)
    });
    let label = |to: Option<Version>| {
        move |read: &mut Observation| read.answer.iter_mut().for_each(|answer| answer.version = to.clone())
    };
    assert_eq!(spoilt(&mut evidence, index, |_| {}), Class::Current);
    assert_eq!(spoilt(&mut evidence, index, label(newer)), Class::Mislabelled);
    assert_eq!(spoilt(&mut evidence, index, label(None)), Class::Mislabelled);
    let wrong = |read: &mut Observation| {
        let rows = read.answer.iter_mut().flat_map(|answer| &mut answer.rows);
        rows.flat_map(|rows| rows.values_mut()).for_each(|row| row[0] += 1_000_000_007);
    };
    assert_eq!(spoilt(&mut evidence, index, wrong), Class::Impossible);
}
