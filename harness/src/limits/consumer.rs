//! A plain consumer of a topic: threads that read some partitions each, decode, and count into a hash map. What any
//! other reader of the topic is held against.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use hashbrown::HashMap;
use workloads::log::kafka::rdkafka::consumer::{BaseConsumer, Consumer};
use workloads::log::kafka::rdkafka::error::KafkaError;
use workloads::log::kafka::rdkafka::message::Message;
use workloads::log::kafka::rdkafka::{Offset, TopicPartitionList};
use workloads::log::kafka::{Credentials, KafkaAddress};
use workloads::{Log, Meta};

/// How long nothing may come.
const PATIENCE: Duration = Duration::from_secs(10);

/// What one thread has counted: records, and events by key.
type Counted = (u64, HashMap<Vec<u8>, u64>);

/// Reads all of a topic with so many threads; says how many records there were and how long it took.
pub fn plain(
    log: &dyn Log,
    (address, credentials): (&KafkaAddress, &Credentials),
    threads: u32,
) -> anyhow::Result<(u64, Duration)> {
    let (meta, starts, heads) = (log.meta().clone(), log.starts()?, log.heads()?);
    let began = Instant::now();
    let counted: Vec<anyhow::Result<Counted>> = std::thread::scope(|scope| {
        let spawn = |thread| {
            let (meta, starts, heads) = (&meta, &starts, &heads);
            let partitions = (0..meta.partitions).filter(move |p| p % threads == thread);
            let spans: Vec<(u32, u64, u64)> =
                partitions.map(|p| (p, starts.0[p as usize], heads.0[p as usize])).collect();
            scope.spawn(move || count(meta, &spans, address, credentials))
        };
        let running: Vec<_> = (0..threads).map(spawn).collect();
        running.into_iter().map(|thread| thread.join().expect("a counting thread does not panic")).collect()
    });
    let took = began.elapsed();
    let counted = counted.into_iter().collect::<anyhow::Result<Vec<Counted>>>()?;
    let records = counted.iter().map(|(records, _)| records).sum();
    let events: u64 = counted.iter().flat_map(|(_, keys)| keys.values()).sum();
    ensure!(events <= records, "{events} events of {records} records were counted");
    Ok((records, took))
}

fn count(
    meta: &Meta,
    spans: &[(u32, u64, u64)],
    address: &KafkaAddress,
    credentials: &Credentials,
) -> anyhow::Result<Counted> {
    let consumer: BaseConsumer =
        credentials.consumer().set("enable.partition.eof", "true").create().context("making a consumer")?;
    let mut list = TopicPartitionList::new();
    let mut left = 0;
    for (partition, start, head) in spans {
        if start < head {
            list.add_partition_offset(address.topic(), *partition as i32, Offset::Offset(*start as i64))?;
            left += 1;
        }
    }
    consumer.assign(&list)?;
    let (mut records, mut keys) = (0, HashMap::new());
    while left > 0 {
        match consumer.poll(PATIENCE) {
            Some(Ok(message)) => {
                let (key, value) = (message.key().unwrap_or_default(), message.payload().unwrap_or_default());
                let time = message.timestamp().to_millis().unwrap_or_default();
                records += 1;
                if meta.codec.decode(&meta.workload, key, value, time).is_ok() {
                    match keys.get_mut(key) {
                        Some(count) => *count += 1,
                        None => drop(keys.insert(key.to_vec(), 1)),
                    }
                }
            }
            // All of a partition; what is appended meanwhile is not counted twice, as nobody appends.
            Some(Err(KafkaError::PartitionEOF(_))) => left -= 1,
            Some(Err(error)) => return Err(error).context("reading the topic"),
            None => ensure!(left == 0, "the topic has gone silent"),
        }
    }
    Ok((records, keys))
}
