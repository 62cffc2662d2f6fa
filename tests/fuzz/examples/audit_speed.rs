//! Prints how fast an audit chain is verified, beside the floor: SHA-256 over the same bytes and nothing else.
//!
//! `cargo run --profile sim -p mayday-fuzz --example audit_speed -- 10000`
#![expect(clippy::disallowed_methods, reason = "it measures")]

use std::time::Instant;

use mayday_core::{
    audit::{self, Entry},
    digest::canonical,
};
use sha2::{Digest as _, Sha256};

#[path = "../tests/support/chain.rs"]
mod chain;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let length: u64 = std::env::args().nth(1).map_or(Ok(10_000), |text| text.parse())?;
    let entries = chain::chain(length)?;
    let stored = entries.iter().map(serde_json::to_vec).collect::<Result<Vec<_>, _>>()?;
    let hashed = entries.iter().map(|entry| Ok(canonical(&serde_json::to_value((entry.seq, &entry.previous, &entry.event))?)));
    let hashed = hashed.collect::<Result<Vec<_>, serde_json::Error>>()?;

    let read = best(|| stored.iter().filter_map(|bytes| serde_json::from_slice::<Entry>(bytes).ok()).count());
    let verified = best(|| audit::verify(&entries).map_or(0, |head| usize::try_from(head.seq).unwrap_or(0)));
    let floor = best(|| hashed.iter().flat_map(|text| Sha256::digest(text.as_bytes())).map(usize::from).sum());
    let bytes: usize = hashed.iter().map(String::len).sum();
    println!("{length} entries, {bytes} bytes that are hashed");
    for (what, seconds) in
        [("read and compared with their form", read), ("verified", verified), ("floor: SHA-256 of the same bytes", floor)]
    {
        #[expect(clippy::cast_precision_loss, reason = "it is printed with two digits")]
        let rate = length as f64 / seconds;
        println!("{:>9.1} ms {rate:>12.0} entries/s {:>6.1} x the floor  {what}", seconds * 1e3, seconds / floor);
    }
    Ok(())
}

/// The best of five tries, in seconds.
fn best(work: impl Fn() -> usize) -> f64 {
    let once = || {
        let start = Instant::now();
        std::hint::black_box(work());
        start.elapsed().as_secs_f64()
    };
    (0..5).map(|_| once()).fold(f64::INFINITY, f64::min)
}
