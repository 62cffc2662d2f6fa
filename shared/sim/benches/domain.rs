//! What the domain does most, each alone: reading a command, the form of a proposal that its digest is taken of, asking the
//! policy, laying out the card, and a whole restore, step by step, in the simulated world (whose own work is in its time).
//! `cargo bench -p mayday-sim --bench domain`
#![expect(clippy::unwrap_used, reason = "a measurement that can't be made ends there")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use mayday_core::{
    command, digest,
    ident::Identity,
    plan,
    policy::{self, Verb},
    view,
};
use mayday_sim::{
    Sim,
    fault::HOUR,
    setting::{ORG, plan as plan_text},
};

const COMMAND: &str = "restore orders --at 2026-11-22T11:49:20Z --reason 'rows are gone since noon'";

fn parsing(criterion: &mut Criterion) {
    criterion.bench_function("parse a command", |bencher| bencher.iter(|| black_box(command::parse(black_box(COMMAND)).is_ok())));
    let text = plan_text(1);
    criterion.bench_function("load a small plan", |bencher| bencher.iter(|| black_box(plan::load(black_box(&text)).unwrap())));
}

fn deciding(criterion: &mut Criterion) {
    let mut sim = Sim::new(1);
    let proposal = sim.as_("ana").asks_restore().unwrap();
    let approval = sim.approval(&proposal).unwrap();
    criterion.bench_function("digest of a proposal", |bencher| bencher.iter(|| digest::digest_of(black_box(&proposal)).unwrap()));
    let now = sim.now();
    criterion.bench_function("card of a proposal", |bencher| {
        bencher.iter(|| serde_json::to_string(&view::approval_card(black_box(&proposal), &approval, now)).unwrap())
    });
    let (world, plan) = (sim.world(), plan::load(&plan_text(1)).unwrap());
    let ana = Identity { org: ORG.to_owned(), user: "U0ANA".to_owned() };
    criterion.bench_function("ask the policy", |bencher| {
        bencher.iter(|| {
            let asked = policy::authorize(&plan, world.directory.as_ref(), &ana, Verb::Restore, Some("production"));
            sim.at_once(asked).unwrap().unwrap()
        })
    });
}

/// A restore from its approval to its end: every visit, look, permit, audit entry, intent and call.
fn running(criterion: &mut Criterion) {
    let approved = || {
        let mut sim = Sim::new(7);
        sim.ticks();
        let proposal = sim.as_("ana").asks_restore().unwrap();
        sim.as_("ben").approves(&proposal);
        sim
    };
    let ended = |mut sim: Sim| {
        let run = sim.until_run_ends(HOUR).unwrap();
        assert!(run.state.is_final());
        sim
    };
    let mut group = criterion.benchmark_group("run");
    group.sample_size(20);
    group.bench_function("all steps of a restore", |bencher| bencher.iter_batched(approved, ended, BatchSize::PerIteration));
    group.finish();
}

criterion_group!(benches, parsing, deciding, running);
criterion_main!(benches);
