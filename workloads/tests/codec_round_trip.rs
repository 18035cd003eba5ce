//! Every event reads back from both codecs as it was written; nothing else reads as an event, or stops the program.

use proptest::prelude::*;
use workloads::{
    Codec, Event, OrderEvent, OrderKind, Origin, SensorEvent, TradeEvent, TradeKind, TransferEvent, WordEvent,
};

fn order() -> impl Strategy<Value = Event> {
    let kind = prop::sample::select(vec![OrderKind::Placed, OrderKind::Cancelled, OrderKind::Corrected]);
    (kind, ".{0,40}", any::<u64>(), any::<i64>(), any::<i64>()).prop_map(
        |(kind, customer, order, amount, time)| {
            let amount = if kind == OrderKind::Cancelled { 0 } else { amount };
            Event::Order(OrderEvent { kind, customer: customer.into(), order, amount, time })
        },
    )
}

fn trade() -> impl Strategy<Value = Event> {
    let kind = prop::sample::select(vec![TradeKind::Traded, TradeKind::Busted, TradeKind::Corrected]);
    let numbers = (any::<i64>(), any::<i64>(), any::<i64>(), any::<u32>(), any::<u64>());
    (kind, ".{0,40}", numbers).prop_map(|(kind, symbol, (price, volume, time, source, sequence))| {
        let (price, volume) = if kind == TradeKind::Busted { (0, 0) } else { (price, volume) };
        let target = match kind {
            TradeKind::Traded => Origin::default(),
            _ => Origin { source, sequence },
        };
        Event::Trade(TradeEvent { kind, symbol: symbol.into(), price, volume, time, target })
    })
}

fn word() -> impl Strategy<Value = Event> {
    (r"\S{1,40}", any::<i64>()).prop_map(|(word, time)| Event::Word(WordEvent { word: word.into(), time }))
}

fn sensor() -> impl Strategy<Value = Event> {
    (".{0,40}", any::<i32>(), any::<i64>()).prop_map(|(region, reading, time)| {
        Event::Sensor(SensorEvent { region: region.into(), reading, time })
    })
}

fn transfer() -> impl Strategy<Value = Event> {
    (".{0,40}", ".{0,40}", ".{0,40}", any::<i64>(), any::<i64>()).prop_map(|(id, from, to, amount, time)| {
        let (transfer, from, to) = (id.into(), from.into(), to.into());
        Event::Transfer(TransferEvent { transfer, from, to, amount, time })
    })
}

fn assert_reads_back(event: &Event, workload: &str, other: &str) {
    let mut value = b"what was there before".to_vec();
    for codec in Codec::ALL {
        codec.encode(event, &mut value);
        let key = event.key().as_bytes();
        let read = codec.decode(workload, key, &value, 99);
        assert_eq!(read.as_ref(), Ok(event), "{codec}: {}", String::from_utf8_lossy(&value));
        assert!(codec.decode(other, key, &value, 99).is_err(), "{codec} takes it for one of {other}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn orders_read_back(event in order()) {
        assert_reads_back(&event, "orders", "trades");
    }

    #[test]
    fn trades_read_back(event in trade()) {
        assert_reads_back(&event, "trades", "orders");
    }

    #[test]
    fn words_readings_and_transfers_read_back(word in word(), sensor in sensor(), transfer in transfer()) {
        assert_reads_back(&word, "words", "sensors");
        assert_reads_back(&sensor, "sensors", "transfers");
        assert_reads_back(&transfer, "transfers", "words");
    }

    #[test]
    fn garbage_is_refused_without_a_panic(key: Vec<u8>, mut value: Vec<u8>, long in 0_usize..64) {
        value.resize(value.len().max(long), 7);
        for codec in Codec::ALL {
            for workload in ["orders", "trades", "words", "sensors", "transfers", "plants"] {
                prop_assert!(codec.decode(workload, &key, &value, 0).is_err());
            }
        }
    }

    #[test]
    fn a_changed_byte_never_stops_the_program(event in prop_oneof![order(), trade(), word(), sensor(), transfer()], at: prop::sample::Index, byte: u8) {
        let mut value = Vec::new();
        for codec in Codec::ALL {
            codec.encode(&event, &mut value);
            let at = at.index(value.len());
            value[at] = byte;
            for workload in ["orders", "trades", "words", "sensors", "transfers"] {
                // Whatever it says, it says it without a panic.
                let _ = codec.decode(workload, event.key().as_bytes(), &value, 0);
                let _ = codec.decode(workload, event.key().as_bytes(), &value[..at], 0);
            }
        }
    }
}

fn read(workload: &str, text: &str) -> Result<Event, String> {
    Codec::Json.decode(workload, b"", text.as_bytes(), 1234).map_err(|error| error.to_string())
}

#[test]
fn the_seeds_messages_are_read() {
    let order = |kind, order, amount, time| {
        Ok(Event::Order(OrderEvent { kind, customer: "Ali".into(), order, amount, time }))
    };
    for (text, expected) in [
        (r#"{"customer":"Ali","amount":120}"#, order(OrderKind::Placed, 0, 12_000, 1234)),
        (r#" { "amount" : -1.25e1 , "customer" : "\u0041li" } "#, order(OrderKind::Placed, 0, -1_250, 1234)),
        (
            r#"{"type":"order","order":9007199254740993,"customer":"Ali","amount":0.010,"time":5,"currency":"MAD"}"#,
            order(OrderKind::Placed, 9_007_199_254_740_993, 1, 5),
        ),
        (
            r#"{"type":"cancel","order":7,"customer":"Ali","time":null}"#,
            order(OrderKind::Cancelled, 7, 0, 1234),
        ),
        (
            r#"{"type":"correct","order":7,"customer":"Ali","amount":3,"shop":[1]}"#,
            order(OrderKind::Corrected, 7, 300, 1234),
        ),
    ] {
        assert_eq!(read("orders", text), expected, "{text}");
    }
    let trade = |kind, price, volume, target| {
        Ok(Event::Trade(TradeEvent {
            kind,
            symbol: "BINANCE:BTCUSDT".into(),
            price,
            volume,
            time: 42,
            target,
        }))
    };
    let target = Origin { source: 3, sequence: u64::MAX };
    for (text, expected) in [
        (
            r#"{"c":["1","12"],"p":64101.12,"s":"BINANCE:BTCUSDT","t":42,"v":0.00000001}"#,
            trade(TradeKind::Traded, 6_410_112_000_000, 1, Origin::default()),
        ),
        (
            r#"{"type":"bust","s":"BINANCE:BTCUSDT","t":42,"target":[3,18446744073709551615]}"#,
            trade(TradeKind::Busted, 0, 0, target),
        ),
        (
            r#"{"type":"correct","s":"BINANCE:BTCUSDT","t":42,"p":1e-8,"v":2,"target":[3,18446744073709551615]}"#,
            trade(TradeKind::Corrected, 1, 200_000_000, target),
        ),
    ] {
        assert_eq!(read("trades", text), expected, "{text}");
    }
}

#[test]
fn what_is_wrong_is_said_of_its_field() {
    for (text, reason) in [
        (r#"{"amount":120}"#, "customer is missing"),
        (r#"{"customer":null,"amount":120}"#, "customer is missing"),
        (r#"{"customer":5,"amount":120}"#, "customer 5 is not a string"),
        (r#"{"customer":"Ali"}"#, "amount is missing"),
        (r#"{"customer":"Ali","amount":"120"}"#, "amount \"120\" is not a number"),
        (r#"{"customer":"Ali","amount":0.125}"#, "amount 0.125 has more than 2 decimals"),
        (r#"{"customer":"Ali","amount":1e17}"#, "amount 1e17 does not fit in 64 bits"),
        (r#"{"customer":"Ali","amount":1,"currency":"EUR"}"#, "currency \"EUR\" is not MAD"),
        (r#"{"customer":"Ali","amount":1,"order":1.5}"#, "order 1.5 is not a whole number in range"),
        (r#"{"customer":"Ali","amount":1,"order":-1}"#, "order -1 is not a whole number in range"),
        (r#"{"customer":"Ali","amount":1,"time":"now"}"#, "time \"now\" is not a whole number in range"),
        (r#"{"type":"cancel","customer":"Ali"}"#, "order is missing"),
        (
            r#"{"type":"refund","customer":"Ali","amount":1}"#,
            "type \"refund\" is not order, cancel or correct",
        ),
        (r#"["order",1,"Ali",120,5,null]"#, "not a JSON object"),
        ("NaN", "not a JSON object"),
    ] {
        assert_eq!(read("orders", text), Err(reason.to_owned()), "{text}");
    }
    for (text, reason) in [
        (r#"{"p":1,"v":1,"t":1}"#, "s is missing"),
        (r#"{"s":"AAPL","v":1,"t":1}"#, "p is missing"),
        (r#"{"s":"AAPL","p":0.123456789,"v":1,"t":1}"#, "p 0.123456789 has more than 8 decimals"),
        (r#"{"type":"bust","s":"AAPL","t":1}"#, "target is missing"),
        (r#"{"type":"bust","s":"AAPL","t":1,"target":[1]}"#, "target [1] is not [source, sequence]"),
    ] {
        assert_eq!(read("trades", text), Err(reason.to_owned()), "{text}");
    }
    for text in
        [r#"{"customer":"Ali","customer":"Sara","amount":1}"#, r#"{"customer":"A\ud800","amount":1}"#, "{"]
    {
        assert!(read("orders", text).is_err(), "{text}");
    }
    assert!(read("plants", "{}").is_err_and(|reason| reason.contains("plants")));
    for (workload, text, reason) in [
        ("words", "{}", "word is missing"),
        ("words", r#"{"word":"two words"}"#, "`two words` is not one word"),
        ("sensors", r#"{"region":"north","reading":31.5}"#, "reading 31.5 is not a whole number in range"),
        ("transfers", r#"{"id":1,"from":2,"amount":1}"#, "to is missing"),
    ] {
        assert_eq!(read(workload, text), Err(reason.to_owned()), "{text}");
    }
}

#[test]
fn a_fixed_layout_of_another_length_version_kind_or_key_is_refused() {
    let event = OrderEvent { kind: OrderKind::Placed, customer: "Ali".into(), order: 1, amount: 2, time: 3 };
    let mut value = Vec::new();
    Codec::Bin.encode(&Event::Order(event), &mut value);
    assert_eq!(value.len(), 32);
    let refused = |key: &[u8], value: &[u8]| {
        Codec::Bin.decode("orders", key, value, 0).map_or_else(|error| error.to_string(), |_| String::new())
    };
    assert_eq!(refused(b"Ali", &value), "");
    assert_eq!(refused(b"Ali", &value[..31]), "an order takes 32 bytes, the value has 31");
    assert_eq!(refused(b"\xff", &value), "the record's key is not UTF-8");
    for (at, byte, reason) in [(0, 9, "layout 9 is not known"), (1, 9, "kind 9"), (5, 1, "reserved")] {
        let mut wrong = value.clone();
        wrong[at] = byte;
        assert!(refused(b"Ali", &wrong).contains(reason), "{}", refused(b"Ali", &wrong));
    }
}

#[test]
fn a_reading_is_four_bytes_the_most_significant_first() {
    let event = SensorEvent { region: "north".into(), reading: 31, time: 1 };
    let mut value = Vec::new();
    Codec::Bin.encode(&Event::Sensor(event), &mut value);
    assert_eq!(value[2..6], [0, 0, 0, 31]);
    for wrong in [&value[..5], &value[..13], &[&value[..], &[0]].concat()] {
        assert!(Codec::Bin.decode("sensors", b"north", wrong, 0).is_err());
    }
}

#[test]
fn codecs_are_known_by_name() {
    for codec in Codec::ALL {
        assert_eq!(codec.to_string().parse(), Ok(*codec));
    }
    assert_eq!(
        "avro".parse::<Codec>().map_err(|error| error.to_string()),
        Err("no codec is called avro: choose json or bin".to_owned())
    );
}
