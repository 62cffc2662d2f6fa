//! How long a plan of a thousand services takes to load and to check, measured against a floor of the same run: reading the
//! same bytes as YAML and keeping nothing. `cargo bench -p mayday-core --bench plan`
#![expect(clippy::unwrap_used, reason = "a measurement that can't be made ends there")]

mod large;

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use criterion::{Criterion, criterion_group};
use mayday_core::plan;
use serde::de::IgnoredAny;

const SERVICES: usize = 1_000;
/// So often each is measured for the ratio, one after the other, so that both see the same machine.
const ROUNDS: usize = 15;

fn floor(text: &str) {
    let read: IgnoredAny = serde_saphyr::from_str(text).unwrap();
    black_box(read);
}

/// What the bot does before each command.
fn load(text: &str) {
    black_box(plan::load(text).unwrap());
}

/// What `mayday plan check` does: every finding, with its lines.
fn check(text: &str) {
    let (_, findings) = plan::examine(text, &|_| None, jiff::Timestamp::UNIX_EPOCH).unwrap();
    black_box(plan::shown(&findings, "plan.yaml", text));
}

fn measure(criterion: &mut Criterion) {
    let text = large::plan(SERVICES);
    let mut group = criterion.benchmark_group("a plan of 1,000 services");
    group.sample_size(20);
    group.bench_function("floor: YAML alone", |bencher| bencher.iter(|| floor(&text)));
    group.bench_function("load", |bencher| bencher.iter(|| load(&text)));
    group.bench_function("check", |bencher| bencher.iter(|| check(&text)));
    group.finish();
}

#[expect(clippy::disallowed_methods, reason = "what is asked for is how long it takes")]
fn took(work: &dyn Fn()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Both together against the floor, and how they grow.
#[expect(clippy::print_stdout, reason = "this is what it is for")]
fn compare() {
    for services in [100, SERVICES] {
        let text = large::plan(services);
        let mut times: [Vec<Duration>; 3] = Default::default();
        for _ in 0..ROUNDS {
            times[0].push(took(&|| floor(&text)));
            times[1].push(took(&|| load(&text)));
            times[2].push(took(&|| check(&text)));
        }
        let [floor, load, check] = times.map(median);
        let ratio = |time: Duration| time.as_secs_f64() / floor.as_secs_f64();
        println!(
            "{services} services, {} bytes: floor {floor:.1?}, load {load:.1?} ({:.1}x), check {check:.1?} ({:.1}x), load + check {:.1}x the floor",
            text.len(),
            ratio(load),
            ratio(check),
            ratio(load + check),
        );
    }
}

criterion_group!(benches, measure);

fn main() {
    benches();
    compare();
    Criterion::default().configure_from_args().final_summary();
}
