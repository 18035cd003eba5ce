//! The queue of one partition in a client, from which many messages are taken at a time. One after the other, as
//! rdkafka has it, each takes four looks at the clock, two locks and two allocations more: a fifth of a replay.
//!
//! The one module of the workspace with `unsafe` code: librdkafka hands out batches through its C interface alone.
#![expect(unsafe_code, reason = "librdkafka hands out batches through its C interface alone")]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings as c;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::RDKafkaErrorCode as Code;

use super::line::number;
use super::refusal::Listener;
use crate::event::Millis;

/// Messages taken at once.
const BATCH: usize = 256;

/// What a client fetches of one partition, apart from all others.
pub(super) struct Queue {
    queue: NonNull<c::rd_kafka_queue_t>,
    /// Taken in one go; those before `next` were handed out.
    taken: Vec<*mut c::rd_kafka_message_t>,
    next: usize,
    /// The message that was handed out last, given back before the next one is.
    lent: Option<NonNull<c::rd_kafka_message_t>>,
    /// Lives as long as its queue.
    _consumer: Arc<BaseConsumer<Listener>>,
}

// SAFETY: librdkafka's queues and messages belong to no thread, and nobody else has the pointers.
unsafe impl Send for Queue {}

/// A message, lent by its queue.
#[derive(Clone, Copy)]
pub(super) struct Message<'a> {
    message: NonNull<c::rd_kafka_message_t>,
    queue: PhantomData<&'a Queue>,
}

/// What went wrong between two messages.
pub(super) struct Trouble {
    pub(super) code: Code,
    /// Where it came up.
    pub(super) offset: u64,
}

impl Queue {
    /// Has what is fetched of a partition from now on come this way; nothing if there can be no such partition.
    pub(super) fn split(consumer: &Arc<BaseConsumer<Listener>>, topic: &str, partition: u32) -> Option<Self> {
        let topic = CString::new(topic).ok()?;
        let client = consumer.client().native_ptr();
        // SAFETY: the client lives, and the name ends with its zero. Whoever asks for a queue gives it back: see `drop`.
        let queue = unsafe { c::rd_kafka_queue_get_partition(client, topic.as_ptr(), number(partition)) };
        let queue = NonNull::new(queue)?;
        // SAFETY: the queue was given just now; to nowhere means that it keeps what comes.
        unsafe { c::rd_kafka_queue_forward(queue.as_ptr(), ptr::null_mut()) };
        let (taken, _consumer) = (Vec::with_capacity(BATCH), Arc::clone(consumer));
        Some(Queue { queue, taken, next: 0, lent: None, _consumer })
    }

    /// The next message, which is waited for if none is at hand.
    pub(super) fn next(&mut self, patience: Duration) -> Option<Result<Message<'_>, Trouble>> {
        self.give_back();
        if self.next == self.taken.len() {
            self.take(patience);
        }
        let message = NonNull::new(*self.taken.get(self.next)?)?;
        self.next += 1;
        self.lent = Some(message);
        Some(Message { message, queue: PhantomData }.whole())
    }

    fn give_back(&mut self) {
        if let Some(message) = self.lent.take() {
            // SAFETY: nobody has it any more, as whoever borrowed it had borrowed the queue.
            unsafe { c::rd_kafka_message_destroy(message.as_ptr()) };
        }
    }

    /// The offset after the last message that was taken and not handed out; 0 if there is none.
    pub(super) fn end(&self) -> u64 {
        let last = self.taken[self.next..].last().and_then(|message| NonNull::new(*message));
        // SAFETY: a message is valid until it is handed out and given back.
        last.map_or(0, |last| u64::try_from(unsafe { last.as_ref() }.offset).unwrap_or_default() + 1)
    }

    /// Drops what was fetched before its partition was given up, all of which is passed over in one go.
    pub(super) fn purge(mut self) {
        self.take(Duration::ZERO);
    }

    /// Takes what is at hand. Whoever waits, waits for one: for more it would be waited to the end.
    fn take(&mut self, patience: Duration) {
        self.next = 0;
        self.taken.clear();
        let (wanted, patience) = (if patience.is_zero() { BATCH } else { 1 }, patience.as_millis() as c_int);
        // SAFETY: the queue is ours, and there is room for so many pointers. As many as it says are written.
        unsafe {
            let (queue, to) = (self.queue.as_ptr(), self.taken.as_mut_ptr());
            let taken = c::rd_kafka_consume_batch_queue(queue, patience, to, wanted);
            self.taken.set_len(usize::try_from(taken).unwrap_or(0));
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.give_back();
        for message in &self.taken[self.next..] {
            // SAFETY: it was taken and not handed out, so that nobody else gives it back.
            unsafe { c::rd_kafka_message_destroy(*message) };
        }
        // SAFETY: it was asked for once, and is given back once.
        unsafe { c::rd_kafka_queue_destroy(self.queue.as_ptr()) };
    }
}

impl<'a> Message<'a> {
    fn raw(self) -> &'a c::rd_kafka_message_t {
        // SAFETY: it is valid until it is given back, for which the queue must not be borrowed.
        unsafe { self.message.as_ref() }
    }

    /// It may stand for an error.
    fn whole(self) -> Result<Self, Trouble> {
        match self.raw().err {
            c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(self),
            error => Err(Trouble { code: error.into(), offset: self.offset() }),
        }
    }

    /// Where it stands.
    pub(super) fn offset(self) -> u64 {
        u64::try_from(self.raw().offset).unwrap_or_default()
    }

    /// Empty if it has none.
    pub(super) fn key(self) -> &'a [u8] {
        self.bytes(self.raw().key, self.raw().key_len)
    }

    /// Empty if it has none.
    pub(super) fn value(self) -> &'a [u8] {
        self.bytes(self.raw().payload, self.raw().len)
    }

    /// Its time; 0 if it has none.
    pub(super) fn time(self) -> Millis {
        // SAFETY: the message is valid, and which kind of time it is need not be said.
        let time = unsafe { c::rd_kafka_message_timestamp(self.message.as_ptr(), ptr::null_mut()) };
        time.max(0)
    }

    /// The first of its headers of which something can be made, by name and value.
    pub(super) fn header<T>(self, make: impl Fn(&[u8], &[u8]) -> Option<T>) -> Option<T> {
        let mut headers = ptr::null_mut();
        // SAFETY: the message is valid, and so are its headers as long as it is.
        let error = unsafe { c::rd_kafka_message_headers(self.message.as_ptr(), &raw mut headers) };
        if error != c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            return None;
        }
        (0..).map_while(|place| self.header_at(headers, place)).find_map(|(name, value)| make(name, value))
    }

    fn header_at(self, headers: *const c::rd_kafka_headers_t, place: usize) -> Option<(&'a [u8], &'a [u8])> {
        let (mut name, mut value, mut size) = (ptr::null::<c_char>(), ptr::null::<c_void>(), 0);
        // SAFETY: the headers are this message's. That there is none at this place is said.
        let error = unsafe {
            c::rd_kafka_header_get_all(headers, place, &raw mut name, &raw mut value, &raw mut size)
        };
        if error != c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR || name.is_null() {
            return None;
        }
        // SAFETY: librdkafka ends every name with a zero.
        let name = unsafe { CStr::from_ptr(name) }.to_bytes();
        Some((name, self.bytes(value, size)))
    }

    /// Bytes that belong to the message.
    fn bytes(self, start: *const c_void, length: usize) -> &'a [u8] {
        if start.is_null() {
            return &[];
        }
        // SAFETY: librdkafka says where they are and how many, and they are there as long as the message.
        unsafe { slice::from_raw_parts(start.cast(), length) }
    }
}
