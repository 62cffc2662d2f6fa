//! What each request passes first: the check of its signature, and the envelope that is made of it.
//! `cargo bench -p mayday-slack --bench door`
#![expect(clippy::unwrap_used, reason = "a measurement that can't be made ends there")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mayday_slack::{
    envelope::{self, Body, Door, Envelope},
    verify::{SIGNATURE_HEADER, SigningSecret, TIMESTAMP_HEADER, sign, verify},
};

const NOW_S: i64 = 1_700_000_000;
/// A command's body, and that of a form with everything that people write into it.
const SIZES: [usize; 2] = [600, 60_000];

fn signature(criterion: &mut Criterion) {
    let keys = ["8f742231b10e8888abcd99yyyzzz85a5", "0123456789abcdef0123456789abcdef"].map(|key| SigningSecret::new(key).unwrap());
    let mut group = criterion.benchmark_group("signature");
    for size in SIZES {
        let body = "text=status&".repeat(size / 12).into_bytes();
        let headers = vec![
            ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
            (TIMESTAMP_HEADER.to_owned(), NOW_S.to_string()),
            (SIGNATURE_HEADER.to_owned(), sign(&keys[0], NOW_S, &body)),
        ];
        verify(&headers, &body, NOW_S, &keys).unwrap();
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(format!("{} bytes, two keys", body.len()), |bencher| {
            bencher.iter(|| verify(black_box(&headers), &body, NOW_S, &keys).unwrap())
        });
    }
    group.finish();
}

fn handing_over(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("envelope");
    for size in SIZES {
        let envelope = Envelope {
            schema: envelope::SCHEMA,
            door: Door::Slack,
            path: "/slack/commands".to_owned(),
            content_type: "application/x-www-form-urlencoded".to_owned(),
            body: Body::new("text=status&".repeat(size / 12).as_bytes()),
            signature_digest: "0".repeat(64),
            received_at_ms: NOW_S * 1000,
            signed_at_s: NOW_S,
            request_id: "1".to_owned(),
            retry_num: None,
            refused: None,
        };
        group.bench_function(format!("write and read, {size} bytes"), |bencher| {
            bencher.iter(|| {
                let text = serde_json::to_vec(black_box(&envelope)).unwrap();
                serde_json::from_slice::<Envelope>(&text).unwrap()
            })
        });
    }
    group.finish();
}

criterion_group!(benches, signature, handing_over);
criterion_main!(benches);
