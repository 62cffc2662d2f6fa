//! A failover of the service `shop` and its way home, and what is said of them.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use jiff::SignedDuration;

use super::{read, read_form, sample::*};
use crate::{
    action::{
        Act, AwaitStandby, CheckFence, CheckStandby, Finding, Following, Freeze, Node, Promote, Reseed, Thaw, Turn, UpdateDns, WatchSite,
        WriteProbe,
    },
    failover::{Direction, Leads, Left, Name, Pair, Primary, StandbyLook, Survey},
    ident::RunId,
    plan::{self, Probe, ProbeKind, Span},
    policy::Verb,
    port::{RecordChange, RecordSet, ReplicaSource, Replication, SwitchPlace, Turned},
    proposal::{Consequences, Proposal, Target, TargetKind},
    run::{Happened, Run, State, StepState},
    view::{FailoverChoices, failover_auto, failover_form, failover_verified, fence_means, old_primary_writes, run_reply},
};

const RUN: &str = "r-01kb3m6v9d5x2y7z8a4c6e0f1g";

fn node(region: &str, instance: &str, resource_id: Option<&str>) -> Node {
    Node {
        name: "inventory".to_owned(),
        region: region.to_owned(),
        instance: instance.to_owned(),
        resource_id: resource_id.map(str::to_owned),
        database: "inventory_main".to_owned(),
        secret: "mayday/inventory".to_owned(),
    }
}

fn record(value: &str) -> RecordSet {
    RecordSet { name: "www.shop.example.com".to_owned(), kind: "CNAME".to_owned(), ttl: 60, values: vec![value.to_owned()] }
}

fn probe() -> Probe {
    let seconds = |seconds| Span(SignedDuration::from_secs(seconds));
    let how =
        ProbeKind::Http { url: "https://frankfurt.shop.example.com/health".to_owned(), status: 204, contains: Some("well".to_owned()) };
    Probe { name: "its front page".to_owned(), how, every: seconds(90), within: seconds(4), in_a_row: 3 }
}

fn proposal(direction: Direction, steps: Vec<crate::proposal::PlannedStep>) -> Proposal {
    let target = Target {
        kind: TargetKind::Service,
        name: "shop".to_owned(),
        environment: "production".to_owned(),
        region: "eu-central-1".to_owned(),
    };
    let consequences = Consequences {
        source: Some("inventory: the standby inventory-standby in eu-central-1, 2 s behind".to_owned()),
        rto_seconds: 3_600,
        undo: "Until the promotion: writes are let back in. Afterwards /dr failback shop goes home.".to_owned(),
        point_of_no_return: Some(crate::ident::StepId("promote".to_owned())),
        warnings: vec!["Names: it takes up to 60 s until everybody follows (TTL).".to_owned()],
        ..Consequences::default()
    };
    Proposal {
        verb: Verb::Failover,
        title: "Fail shop over to frankfurt (eu-central-1)".to_owned(),
        target,
        locks: vec!["inventory".to_owned(), "service shop".to_owned()],
        runbook: direction.runbook().to_owned(),
        steps,
        consequences,
        phrase: "shop eu-central-1".to_owned(),
        ..restore()
    }
}

/// To the other site.
pub(super) fn failover() -> Proposal {
    let (home, away) = (node("eu-west-1", "inventory-db", Some("db-OLD")), node("eu-central-1", "inventory-standby", Some("db-STANDBY")));
    let source = ReplicaSource { region: "eu-west-1".to_owned(), instance: "inventory-db".to_owned() };
    let check = CheckStandby { standby: away.clone(), source: "inventory-db".to_owned(), within_seconds: 900, source_answers: true };
    let freeze = Freeze { primary: home.clone(), answers: true, run: RUN.to_owned() };
    let gate = AwaitStandby { standby: away.clone(), source: "inventory-db".to_owned(), mark: Some(RUN.to_owned()) };
    let promote = Promote { standby: away.clone(), source, source_resource_id: "db-OLD".to_owned(), backup_retention_days: 14 };
    let change = RecordChange { before: record("ireland.shop.example.com"), after: record("frankfurt.shop.example.com") };
    let update = UpdateDns { zone: "shop.example.com".to_owned(), changes: vec![change] };
    let watch = WatchSite {
        site: "frankfurt (eu-central-1)".to_owned(),
        region: "eu-central-1".to_owned(),
        probes: vec![probe()],
        watch: Span(SignedDuration::from_secs(75)),
    };
    let steps = vec![
        planned("look", "See that the standby follows", Act::CheckStandby(check), 15, None),
        planned("freeze", "End all writes to the old primary", Act::Freeze(freeze), 5, None),
        planned("gate", "Wait until the standby has everything", Act::AwaitStandby(gate), 15, None),
        planned("promote", "Promote the standby", Act::Promote(promote), 60, Some(240)),
        planned("open", "Let the new primary take writes", Act::Thaw(Thaw { node: away.clone() }), 15, None),
        planned(
            "fence",
            "See that the old primary takes no writes",
            Act::CheckFence(CheckFence { primary: home, answers: true, successor: Some(away.clone()) }),
            10,
            None,
        ),
        planned("traffic", "Move the names", Act::UpdateDns(update), 15, None),
        planned("prove", "Write and read it back", Act::WriteProbe(WriteProbe { node: away, run: RUN.to_owned() }), 10, None),
        planned("watch", "Watch the other site", Act::WatchSite(watch), 30, None),
    ];
    proposal(Direction::Away, steps)
}

/// The same, with names that follow a switch.
pub(super) fn switched() -> Proposal {
    let change = RecordChange { before: record("ireland.shop.example.com"), after: record("frankfurt.shop.example.com") };
    let place = |text: &str| text.to_owned();
    let turn = Turn {
        switch: SwitchPlace { region: place("eu-central-1"), bucket: place("mayday-switch-shop"), key: place("shop/failed-over") },
        before: Turned { version: "\"5d41402a\"".to_owned(), text: "home r-1".to_owned() },
        after: format!("away {RUN}"),
        names: vec![change],
    };
    let mut steps = failover().steps;
    for step in &mut steps {
        if matches!(step.act, Act::UpdateDns(_)) {
            step.act = Act::Turn(turn.clone());
        }
    }
    proposal(Direction::Away, steps)
}

/// Its first step on the way home.
pub(super) fn failback() -> Proposal {
    let replication = Replication {
        source: ReplicaSource { region: "eu-central-1".to_owned(), instance: "inventory-standby".to_owned() },
        region: "eu-west-1".to_owned(),
        new_instance: "inventory-db-r-8a4c6e0f1g".to_owned(),
        settings: settings(),
    };
    let reseed = Reseed { name: "inventory".to_owned(), replication, source_resource_id: "db-STANDBY".to_owned() };
    let mut steps = failover().steps;
    steps.insert(0, planned("reseed", "Make a fresh standby at home", Act::Reseed(reseed), 720, None));
    proposal(Direction::Home, steps)
}

/// A run that has gone so far, and stands.
fn stopped(proposal: &Proposal, done: usize) -> Run {
    let mut run = run(proposal);
    for step in 0..done {
        finish(&mut run, step, "14:12:00", "14:13:00", Finding::said("as it should be"));
    }
    let step = run.steps[done].id.clone();
    run.steps[done].state = StepState::Failed(Finding::said("AccessDenied: not authorized"));
    run.state = State::Stuck { step, since: at("14:14:00") };
    run
}

#[test]
fn h6_where_people_stand_is_said_for_every_place_where_a_failover_can_stop() {
    let proposal = failover();
    let said = |done: usize| {
        let run = stopped(&proposal, done);
        read(&run_reply(&run, &proposal, &told("14:14:00", Happened::StepFailed(run.steps[done].id.clone()))))
    };
    for (done, words) in [
        (1, "Nothing that applications use was touched."),
        (2, "Writes have ended and nothing was promoted"),
        (5, "Promoted, not routed"),
        (6, "Promoted, not routed"),
        (8, "The names have moved"),
    ] {
        assert!(said(done).contains(words), "after {done} steps: {}", said(done));
    }
}

fn survey(direction: Direction) -> Survey {
    let live = live();
    let site = |name: &str, region: &str| plan::Site { name: Some(name.to_owned()), region: region.to_owned(), probes: Vec::new() };
    let record = plan::Record {
        zone: "shop.example.com".to_owned(),
        name: "www.shop.example.com".to_owned(),
        kind: "CNAME".to_owned(),
        primary: vec!["ireland.shop.example.com".to_owned()],
        secondary: vec!["frankfurt.shop.example.com".to_owned()],
    };
    let failover = plan::Failover {
        switch: None,
        primary: site("ireland", "eu-west-1"),
        secondary: site("frankfurt", "eu-central-1"),
        records: vec![record.clone()],
        standbys: BTreeMap::new(),
        watch: Span(SignedDuration::from_secs(60)),
    };
    let entry = plan::Service {
        summary: None,
        environment: "production".to_owned(),
        tier: None,
        databases: vec!["inventory".to_owned()],
        apps: Vec::new(),
        depends_on: Vec::new(),
        probes: Vec::new(),
        failover: Some(failover.clone()),
    };
    let serves = Primary { entry: live.entry.clone(), instance: live.instance.clone(), silent: None, read_only: false };
    let standby = StandbyLook {
        id: "inventory-standby".to_owned(),
        region: "eu-central-1".to_owned(),
        secret: "mayday/inventory".to_owned(),
        instance: Some(live.instance.clone()),
        following: Some(Following::Cut(340.2)),
        newest: Some(341.0),
    };
    let (standby, old, leads) = match direction {
        Direction::Away => (Some(standby), None, Leads::Home),
        Direction::Home => (None, Some(Primary { read_only: false, ..serves.clone() }), Leads::Elsewhere),
    };
    Survey {
        service: "shop".to_owned(),
        entry,
        failover,
        direction,
        pairs: vec![Pair { name: "inventory".to_owned(), primary: serves, standby, home: live, old }],
        moved: Vec::new(),
        names: vec![Name { record, current: Some(self::record("ireland.shop.example.com")), leads }],
        switch: None,
        ill_here: Vec::new(),
        ill_there: vec!["its front page: 503".to_owned()],
    }
}

#[test]
fn both_sites_are_shown_as_they_are() {
    assert_snapshot!(read(&failover_verified(&survey(Direction::Away))), @r"
    (shop is at home, in ireland (eu-west-1).)
    *shop* is at home, in ireland (eu-west-1).
    ✅ home: CNAME `www.shop.example.com` leads to `ireland.shop.example.com` (TTL 60 s)
    ✅ *inventory* is served by `inventory-db` in eu-west-1, which answers and takes writes.
    ❌ its standby `inventory-standby` in eu-central-1: *is not replicating*, 341 s behind when last heard
    ❌ At the other site: its front page: 503

    ~ Nothing was done. `/dr failover shop` proposes the move.
    ");
    assert_snapshot!(read(&failover_verified(&survey(Direction::Home))), @r"
    (shop is away from home, in frankfurt (eu-central-1).)
    *shop* is away from home, in frankfurt (eu-central-1).
    ❌ to neither site: CNAME `www.shop.example.com` leads to `ireland.shop.example.com` (TTL 60 s)
    ✅ *inventory* is served by `inventory-db` in eu-west-1, which answers and takes writes.
    ❌ what served at home before: `inventory-db` in eu-west-1, which answers and takes writes. *There are two primaries: end its writes.*
    ❌ At the other site: its front page: 503

    ~ Nothing was done. `/dr failback shop` proposes the move.
    ");
}

#[test]
fn a_form_picks_the_only_service() {
    assert_snapshot!(read_form(&failover_form(&FailoverChoices::new(Direction::Away, &["shop"]))), @r"
    [[ Fail over ]] failover
    Writes end at home, the standby takes all that was written, is promoted, and then the names move. You see every step before anything is done, and somebody else must approve it.

    Service: 
       (•) shop = shop
    Loss of data (optional): ________
       Only where the standby is too far behind: type “accepted” to lose what it does not have.
    Why (optional): ________
       Those who approve see it, and it is kept.
    [Close] [Propose the failover]
    ");
    let mut choices = FailoverChoices::new(Direction::Home, &["billing", "shop"]);
    choices.problem = Some("shop is at home already.".to_owned());
    assert_snapshot!(read_form(&failover_form(&choices)), @r"
    [[ Fail back ]] failback
    ⚠️ shop is at home already.

    A fresh standby is made at home of what serves now, and then it goes the way of a failover. You see every step before anything is done, and somebody else must approve it.

    Service: 
       ( ) billing = billing
       ( ) shop = shop
    Why (optional): ________
       Those who approve see it, and it is kept.
    [Close] [Propose the failback]
    ");
}

#[test]
fn without_a_standing_order_people_decide() {
    assert_snapshot!(read(&failover_auto("shop", &[], at("14:11:00"))), @"(No standing order lets shop fail over by itself: people decide. `/dr failover shop` proposes it now.)");
}

#[test]
fn an_old_primary_that_is_back_is_named_with_what_to_do() {
    let check = CheckFence { primary: node("eu-west-1", "inventory-db", Some("db-OLD")), answers: false, successor: None };
    let left = Left::by(&RunId(RUN.to_owned()), "shop", &check, jiff::Timestamp::UNIX_EPOCH);
    let (sentence, way_out) = old_primary_writes(&left);
    let (undo, warning) = fence_means(&left);
    assert_snapshot!([sentence, way_out, undo, warning].join("\n"), @r"
    inventory-db, the old primary of shop, answers again in eu-west-1 and takes writes, beside what serves since r-01kb3m6v9d5x2y7z8a4c6e0f1g.
    Keep applications there from it, and approve the proposal to fence it: its writes end, and its data is kept.
    `ALTER DATABASE … RESET default_transaction_read_only` on inventory-db lets writes back in; /dr failback shop goes home without it.
    What was written to inventory-db since its region came back is not in what serves now. It is kept there.
    ");
}
