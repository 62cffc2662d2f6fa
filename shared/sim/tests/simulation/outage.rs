//! What is down while a run needs people: each dependency alone, and every two of them. Somebody is woken all the same.

use mayday_core::{
    page::{Page, UNWATCHED},
    run::{Run, State},
};
use mayday_sim::{
    Dependency, Fate, Faults, Region, Sim, Symptom,
    fault::{HOUR, MINUTE, Millis},
    state::Outgoing,
    trace::Port,
};

use crate::{no_run_begins, paging};

/// What can be down, and of what it consists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Down {
    Slack,
    PagerDuty,
    /// The table, the region of the databases, and whatever of the bot runs there.
    TableRegion,
    Phone,
    Mail,
    Rds,
    Route53,
}

const ALL: [Down; 7] = [Down::Slack, Down::PagerDuty, Down::TableRegion, Down::Phone, Down::Mail, Down::Rds, Down::Route53];
/// How long it lasts: longer than anybody is waited for.
const LONG: Millis = 2 * HOUR;

impl Down {
    fn begins(self, sim: &mut Sim, symptom: Symptom) {
        let of = match self {
            Self::Slack => Dependency::Slack,
            Self::PagerDuty => Dependency::PagerDuty,
            Self::Phone => Dependency::Phone,
            Self::Mail => Dependency::Mail,
            Self::Rds => Dependency::Databases(Region::Home),
            Self::Route53 => Dependency::Route53,
            Self::TableRegion => {
                sim.suffers(Dependency::Region(Region::Home), symptom, LONG);
                Dependency::Table
            }
        };
        sim.suffers(of, symptom, LONG);
    }
}

/// How a run comes to need people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// A step was refused: people decide.
    Stuck,
    /// Whatever drives it dies again and again.
    Undriven,
}

/// A bot in two regions, and a run that needs people since this very second.
fn in_need(seed: u64, need: Need) -> Sim {
    let mut sim = paging::sim(seed);
    sim.spreads(0);
    let proposal = sim.as_("ana").asks_restore().expect("a proposal");
    sim.as_("ben").approves(&proposal);
    sim.set_faults(Faults::rule(move |call| match (need, call.port, call.method) {
        (Need::Stuck, Port::Databases, "restore") => Fate::Refused,
        (Need::Undriven, Port::Databases, "instance") => Fate::CrashBefore,
        _ => Fate::Well,
    }));
    let needs = |run: &Run| match need {
        Need::Stuck => matches!(run.state, State::Stuck { .. }),
        Need::Undriven => run.in_distress().is_some(),
    };
    let run = sim.until_run(3 * HOUR, needs);
    assert!(run.is_some_and(|run| needs(&run)), "{need:?}: {}", sim.trace().join("\n"));
    assert_eq!(woken(&sim), [], "nobody was woken for it before");
    sim
}

/// What reached a device: PagerDuty's, a telephone, a mailbox.
fn woken(sim: &Sim) -> Vec<Outgoing> {
    let reaches = |sent: &&Outgoing| matches!(sent.way, "trigger" | "sms" | "call" | "email");
    sim.see(|state| state.sent.iter().filter(reaches).cloned().collect())
}

fn a_human_is_woken(need: Need, down: &[Down], symptom: Symptom, within: Millis) {
    let mut sim = in_need(1, need);
    for one in down {
        one.begins(&mut sim, symptom);
    }
    assert!(
        sim.run_until(within, |sim| !woken(sim).is_empty()),
        "{need:?} with {down:?} down ({symptom:?}): nobody after {within} ms\n{}",
        sim.trace().join("\n")
    );
}

#[test]
fn j1_with_any_one_dependency_down_a_human_is_woken_within_five_minutes() {
    for need in [Need::Stuck, Need::Undriven] {
        for down in ALL {
            for symptom in Symptom::ALL {
                a_human_is_woken(need, &[down], symptom, 5 * MINUTE);
            }
        }
    }
}

#[test]
fn j1_with_any_two_dependencies_down_a_human_is_woken_within_ten_minutes() {
    for need in [Need::Stuck, Need::Undriven] {
        for (place, first) in ALL.into_iter().enumerate() {
            for second in &ALL[place + 1..] {
                for symptom in Symptom::ALL {
                    a_human_is_woken(need, &[first, *second], symptom, 10 * MINUTE);
                }
            }
        }
    }
}

/// Neither the records nor the files: nobody knows whom to wake, but PagerDuty does.
#[test]
fn j6_with_the_table_and_the_files_down_pagerduty_is_told_and_it_is_one_incident() {
    let mut sim = in_need(2, Need::Stuck);
    for of in [Dependency::Region(Region::Home), Dependency::Table, Dependency::Blobs] {
        sim.suffers(of, Symptom::TimesOut, HOUR);
    }
    assert!(sim.run_until(5 * MINUTE, |sim| !woken(sim).is_empty()), "{}", sim.trace().join("\n"));
    sim.run_for(30 * MINUTE);
    assert!(woken(&sim).iter().all(|sent| (sent.way, sent.to.as_str()) == ("trigger", UNWATCHED)), "{:?}", woken(&sim));
}

fn to(sim: &Sim, way: &str, to: &str) -> usize {
    woken(sim).iter().filter(|sent| sent.way == way && sent.to == to).count()
}

/// The plan has two levels, five minutes each, climbed twice.
#[test]
fn j6_without_the_table_the_levels_of_the_plan_are_woken_one_after_the_other_and_not_for_ever() {
    let mut sim = paging::sim(3);
    sim.spreads(0);
    sim.run_for(3 * MINUTE);
    let since = sim.now();
    sim.suffers(Dependency::Table, Symptom::Throttles, 4 * HOUR);
    sim.run_for(4 * MINUTE);
    assert_eq!((to(&sim, "call", "+15550001"), to(&sim, "call", "+15550002")), (1, 0), "{:?}", woken(&sim));
    sim.run_for(5 * MINUTE);
    assert_eq!((to(&sim, "call", "+15550001"), to(&sim, "call", "+15550002")), (1, 1), "{:?}", woken(&sim));
    sim.run_for(HOUR);
    assert_eq!((to(&sim, "sms", "+15550001"), to(&sim, "sms", "+15550002")), (2, 2), "{:?}", woken(&sim));
    let first = woken(&sim).remove(0);
    assert!(first.at - since.as_millisecond() < 4 * MINUTE && first.text.contains("can't read its own records"), "{first:?}");
    assert!(sim.shows("can't read its own records"), "the channel is told too");

    // It is over: PagerDuty and the channel are told, once, and the next time is another.
    sim.run_for(4 * HOUR);
    let over = sim.see(|state| state.sent.iter().filter(|sent| sent.way == "resolve" && sent.to == UNWATCHED).count());
    assert_eq!((over, sim.see(|state| state.chat.showing("can read its records again").count())), (1, 1));
    let before = woken(&sim).len();
    sim.suffers(Dependency::Table, Symptom::Fails, HOUR);
    sim.run_for(4 * MINUTE);
    assert!(woken(&sim).len() > before);
}

#[test]
fn j6_a_table_that_fails_for_half_a_minute_wakes_nobody() {
    for seed in 0..20 {
        let mut sim = paging::sim(seed);
        sim.spreads(0);
        sim.run_for(3 * MINUTE);
        sim.suffers(Dependency::Table, Symptom::Fails, 30_000);
        sim.run_for(20 * MINUTE);
        assert_eq!((woken(&sim), sim.see(|state| state.records::<Page>().len())), (Vec::new(), 0), "seed {seed}");
    }
}

/// What was paged goes on being paged when the bot's own region goes: the other one climbs the ladder.
#[test]
fn j7_the_other_region_wakes_the_next_level() {
    let mut sim = in_need(4, Need::Stuck);
    assert!(sim.run_until(2 * MINUTE, |sim| to(sim, "sms", "+15550001") == 1));
    sim.suffers(Dependency::Region(Region::Home), Symptom::TimesOut, LONG);
    assert!(sim.run_until(7 * MINUTE, |sim| to(sim, "sms", "+15550002") == 1), "{}", sim.trace().join("\n"));
    let pages = sim.see(|state| state.records::<Page>());
    assert_eq!(pages.iter().filter(|page| page.run.is_some()).count(), 1, "both regions see one page");
}

/// The state machine repeats what it could not say. That is not the run's fault, and does not use its tries up.
#[test]
fn f7_an_execution_gives_up_once_however_long_slack_is_silent() {
    let mut sim = paging::sim(5);
    sim.spreads(0);
    let proposal = sim.as_("ana").asks_restore().expect("a proposal");
    sim.as_("ben").approves(&proposal);
    sim.suffers(Dependency::Slack, Symptom::Fails, HOUR);
    sim.set_faults(Faults::rule(|call| if call.method == "instance" { Fate::CrashBefore } else { Fate::Well }));
    sim.until_run(HOUR, |run| run.in_distress().is_some());
    sim.run_for(2 * MINUTE);
    let run = sim.run().unwrap();
    assert_eq!((run.state, run.distressed), (State::Running, 1), "{:?}", run.log);
    sim.set_faults(Faults::Never);
    sim.run_for(2 * HOUR);
    assert_eq!(sim.run().unwrap().state, State::Succeeded);
    sim.finish().unwrap();
}

/// What a stormy schedule of seed 7650 showed first: a proposal that can't be read for a while is no reason to keep news back for ever.
#[test]
fn f10_what_could_not_be_told_while_the_proposal_was_out_of_reach_is_told_later() {
    let mut sim = paging::sim(9);
    sim.spreads(0);
    let proposal = sim.as_("ana").asks_restore().expect("a proposal");
    sim.as_("ben").approves(&proposal);
    sim.set_faults(Faults::rule(|call| {
        let unread = call.port == Port::Table && call.method == "get" && call.about.starts_with("proposal/");
        if unread { Fate::LostRequest } else { Fate::Well }
    }));
    sim.until_run(HOUR, |run| run.in_distress().is_some()).unwrap();
    sim.run_for(2 * MINUTE);
    assert!(!sim.shows("Something broke on our side"), "it can't be shown without its proposal");
    sim.set_faults(Faults::Never);
    sim.run_for(2 * HOUR);
    assert_eq!(sim.run().unwrap().state, State::Succeeded);
    assert!(sim.shows("Something broke on our side"), "{}", sim.trace().join("\n"));
}

/// What can't be written down first is not done: a decision that is made while the table is away changes nothing.
#[test]
fn j6_without_the_table_nothing_destructive_begins() {
    let mut sim = paging::sim(6);
    sim.spreads(0);
    let proposal = sim.as_("ana").asks_restore().expect("a proposal");
    sim.suffers(Dependency::Table, Symptom::TimesOut, HOUR);
    sim.as_("ben").approves(&proposal);
    sim.run_for(50 * MINUTE);
    assert_eq!((sim.see(|state| state.effects.len()), sim.run()), (0, None));
}

/// Each message that Slack does not answer takes seconds, and there are dozens that it should have.
#[test]
fn d18_what_was_approved_begins_though_a_silent_slack_takes_all_the_time_of_a_tick() {
    let mut sim = paging::sim(15);
    for number in 0..40 {
        paging::raise(&sim, &format!("trouble-{number}"));
    }
    let proposal = sim.as_("ana").asks_restore().expect("a proposal");
    sim.set_faults(no_run_begins());
    sim.as_("ben").approves(&proposal);
    sim.run_for(10 * MINUTE);
    sim.set_faults(Faults::Never);
    sim.suffers(Dependency::Slack, Symptom::TimesOut, LONG);
    sim.ticks();
    sim.run_for(4 * MINUTE);
    assert_eq!(sim.executions(proposal.id.run().as_str()), 1, "{}", sim.trace().join("\n"));
}
