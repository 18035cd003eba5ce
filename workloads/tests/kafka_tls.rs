//! The log on a broker that wants an encrypted connection and a password, which `scripts/check --kafka` starts.
#![cfg(feature = "kafka-tls")]
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;
use workloads::log::kafka::{Cluster, Credentials, KafkaAddress, KafkaLog, KafkaSettings};
use workloads::log::{Appender, Log, RawRecord, lend};
use workloads::partition::PartitionBy;
use workloads::{Codec, Meta};

fn run_folder() -> PathBuf {
    std::env::var("KAFKA_RUN").expect("KAFKA_RUN names no folder: run scripts/check --kafka").into()
}

/// A topic that no other test has, and a client that trusts this authority and gives the password in this file.
fn site(authority: Option<&Path>, password: &Path, more: &str) -> (KafkaAddress, Credentials) {
    let brokers = std::env::var("WB_KAFKA_SECURED").expect("WB_KAFKA_SECURED names no broker");
    let number = std::process::id();
    let address = KafkaAddress::new(&brokers, &format!("secured-{number}-{}", more.len())).unwrap();
    let authority = authority.map_or(String::new(), |file| format!("&ssl.ca.location={}", file.display()));
    let text = format!(
        "security.protocol=SASL_SSL{authority}&sasl.mechanism=PLAIN&sasl.username=workbench&sasl.password=file:{}{more}",
        password.display()
    );
    let credentials = text.parse::<KafkaSettings>().unwrap().unlock(&address, &|_| None).unwrap();
    (address, credentials)
}

fn right(more: &str) -> (KafkaAddress, Credentials) {
    site(Some(&run_folder().join("ca.pem")), &run_folder().join("password"), more)
}

/// What a cluster says that does not let anybody in, within ten seconds.
fn refused(address: &KafkaAddress, credentials: &Credentials) -> String {
    let began = Instant::now();
    let said =
        Cluster::new(address, credentials).and_then(|cluster| cluster.exists()).unwrap_err().to_string();
    assert!(began.elapsed() < Duration::from_secs(10), "{said} after {:?}", began.elapsed());
    said
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn secured_records_come_back_as_they_were_however_they_are_packed() {
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let (address, credentials) = right(&format!("&compression.codec={codec}"));
        let address = address.beside(&format!("{}-{codec}", address.topic())).unwrap();
        let meta = Meta {
            workload: "orders".into(),
            codec: Codec::Json,
            partitions: 1,
            partition_by: PartitionBy::Key,
            made_by: "test".into(),
        };
        KafkaLog::create(&address, &credentials, &meta, None).unwrap();
        let log = KafkaLog::open(&address, &credentials).unwrap();
        let record = |number: u64| RawRecord {
            offset: number,
            origin: None,
            intended: number as i64 * 1000,
            appended: 1 + number as i64,
            key: Bytes::from(format!("key {number}")),
            value: Bytes::from(vec![b'x'; 100]),
        };
        let records: Vec<RawRecord> = (0..2_000).map(record).collect();
        assert_eq!(log.appender().unwrap().append(0, &records).unwrap(), 0..2_000);
        let (mut read, head) = (Vec::new(), log.heads().unwrap().0[0]);
        lend(&log, 0, 0..head, &mut |record| {
            read.push(record.keep());
            Ok(())
        })
        .unwrap();
        assert_eq!(read, records, "{codec}");
    }
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn secured_brokers_refuse_a_wrong_password() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = folder.path().join("password");
    std::fs::write(&wrong, "hunter2\n").unwrap();
    let (address, credentials) = site(Some(&run_folder().join("ca.pem")), &wrong, "");
    let said = refused(&address, &credentials);
    assert!(said.contains("password") && !said.contains("hunter2"), "{said}");
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn secured_brokers_are_not_asked_for_their_release() {
    let (address, credentials) = right("");
    let (brokers, release) = Cluster::new(&address, &credentials).unwrap().brokers().unwrap();
    assert_eq!((brokers, release.as_str()), (1, "not asked: the connection is encrypted"));
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn a_certificate_of_nobody_known_is_refused() {
    let (address, credentials) = site(None, &run_folder().join("password"), "");
    let said = refused(&address, &credentials);
    assert!(said.contains("ssl.ca.location"), "{said}");
}
