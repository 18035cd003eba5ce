//! The labs on one broker.

use super::{broker, done, fresh, make, wb};

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn two_of_a_group_share_and_one_takes_over() {
    let printed = done(wb(&["lab", "groups", "--bootstrap", &broker(), "--records", "20"]), "");
    for step in ["first has 0,1,2,3", "the second joins, and they share", "the first takes over"] {
        assert!(printed.contains(step), "expected `{step}` in {printed}");
    }
    assert!(printed.contains("40 records sent, 40 of them read, 0 more than once"), "{printed}");
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn words_are_counted_over_kafka() {
    let log = format!("kafka://{}/{}", broker(), fresh("words"));
    let count = |input: &str| done(wb(&["lab", "wordcount", "--log", &log, "--format", "csv"]), input);
    let first = count("hello hello kafka and zookeeper!\n");
    assert_eq!(first, "word,count\nand,1\nhello,2\nkafka,1\nzookeeper!,1\n");
    assert_eq!(count("kafka\n"), "word,count\nand,1\nhello,2\nkafka,2\nzookeeper!,1\n");
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn words_of_lines_that_others_send_are_counted() {
    let topic = fresh("lines");
    make(&broker(), &topic, &[]);
    done(wb(&["produce", &topic, "--bootstrap", &broker()]), "hello hello kafka\nand zookeeper!\n");
    let lines = format!("kafka://{}/{topic}", broker());
    let printed = done(wb(&["lab", "wordcount", "--lines", &lines, "--idle", "8", "--format", "csv"]), "");
    assert_eq!(printed, "word,count\nand,1\nhello,2\nkafka,1\nzookeeper!,1\n");
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn a_batch_over_what_was_archived_from_kafka_agrees() {
    for workload in ["orders", "trades"] {
        let log = format!("kafka://{}/{}", broker(), fresh(workload));
        let printed =
            done(wb(&["lab", "archive", "--log", &log, "--workload", workload, "--events", "3000"]), "");
        assert!(printed.contains("3000 records in the log") && printed.contains(".parquet"), "{printed}");
        assert!(printed.contains("the same") && !printed.contains("DIFFERENT"), "{printed}");
    }
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn the_orders_workshop_comes_out_over_kafka() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().display().to_string();
    let topic = fresh("real-time-orders");
    let log = format!("kafka://{}/{topic}", broker());
    let orders = ["lab", "orders", "--out", &out, "--log", &log, "--events", "0", "--type"];
    let printed = done(wb(&orders), "Ali 20\n");
    assert_eq!(printed.matches("as expected").count(), 6, "{printed}");
    assert!(printed.contains("merged 420, Kappa 420"), "{printed}");
    assert!(printed.contains("Lambda, Kappa and truth agree."), "{printed}");
    // What another producer sends by hand, and what nobody can read, are there the next time.
    done(wb(&["produce", &topic, "--bootstrap", &broker()]), "{\"customer\":\"Ali\",\"amount\":30}\nhello\n");
    let printed = done(wb(&orders), "");
    assert!(printed.contains("already") && !printed.contains("WRONG"), "{printed}");
    assert!(printed.contains("Lambda, Kappa and truth agree."), "{printed}");
}
