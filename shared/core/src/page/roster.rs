//! Who is on call: rotations and the ladder of levels, as pure functions of the plan and the time.

use jiff::{
    SignedDuration, Timestamp,
    civil::DateTime,
    tz::{TimeZone, TimeZoneDatabase},
};

use super::Page;
use crate::plan::{Channel, Level, Plan, Rotation, Span};

/// Who has the turn in a rotation, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The short name.
    pub person: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// Whose turn it is. A rotation whose days are whole changes at the same wall-clock time in the plan's zone, whatever the clocks did in
/// between; before its first turn, the first one has it.
#[must_use]
pub fn turn(rotation: &Rotation, timezone: &str, at: Timestamp) -> Option<Turn> {
    let zone = TimeZoneDatabase::bundled().get(timezone).unwrap_or(TimeZone::UTC);
    let from: DateTime = rotation.from.parse().ok()?;
    let every = rotation.every.0;
    let people = i64::try_from(rotation.people.len()).ok().filter(|people| *people > 0)?;
    if every <= SignedDuration::ZERO {
        return None;
    }
    let begins = |number: i64| begin_of(&zone, from, every, number);
    let passed = at.duration_since(begins(0)?);
    // The estimate is off by one at most: by an hour's shift of the clocks.
    let estimate = passed.as_secs().div_euclid(every.as_secs());
    let number =
        (estimate.checked_sub(1)?..=estimate.checked_add(1)?).rev().find(|number| begins(*number).is_some_and(|begin| begin <= at))?;
    let number = number.max(0);
    let person = rotation.people.get(usize::try_from(number.rem_euclid(people)).ok()?)?;
    Some(Turn { person: person.clone(), since: begins(number)?, until: begins(number.checked_add(1)?)? })
}

/// When a turn begins, counted from 0. Where the clocks skip that time, when they go on; where they show it twice, the first time.
fn begin_of(zone: &TimeZone, from: DateTime, every: SignedDuration, number: i64) -> Option<Timestamp> {
    const DAY: i64 = 86_400;
    let seconds = every.as_secs().checked_mul(number)?;
    if every.as_secs() % DAY == 0 {
        let shown = from.checked_add(SignedDuration::from_secs(seconds)).ok()?;
        return zone.to_ambiguous_timestamp(shown).compatible().ok();
    }
    let first = zone.to_ambiguous_timestamp(from).compatible().ok()?;
    first.checked_add(SignedDuration::from_secs(seconds)).ok()
}

/// The people that a name stands for now: a rotation's turn, or the person of that name. Empty: it stands for nobody.
#[must_use]
pub fn on_call_now(plan: &Plan, name: &str, at: Timestamp) -> Vec<String> {
    if let Some(rotation) = plan.on_call.rotations.get(name) {
        return turn(rotation, &plan.timezone, at).map(|turn| turn.person).into_iter().collect();
    }
    plan.people.contains_key(name).then(|| name.to_owned()).into_iter().collect()
}

/// How long the first ones are waited for where the plan does not say.
const WITHIN: Span = Span(SignedDuration::from_mins(5));
/// How people are woken where the plan does not say.
const BY: [Channel; 4] = [Channel::Pagerduty, Channel::Sms, Channel::Slack, Channel::Email];

/// The levels that a page climbs: whoever it was sent to, then the plan's. A plan without levels wakes everybody in it.
#[must_use]
pub fn ladder(plan: &Plan, page: &Page) -> Vec<Level> {
    let own = Level {
        name: page.to.join(", "),
        notify: page.to.clone(),
        by: BY.to_vec(),
        within: plan.on_call.escalation.first().map_or(WITHIN, |level| level.within),
    };
    let own = (!page.to.is_empty()).then_some(own);
    own.into_iter().chain(ladder_of(plan)).collect()
}

/// The plan's levels; everybody, where it has none.
pub(super) fn ladder_of(plan: &Plan) -> Vec<Level> {
    if plan.on_call.escalation.is_empty() { vec![everybody(plan)] } else { plan.on_call.escalation.clone() }
}

/// A level that wakes everybody.
pub(super) fn everybody(plan: &Plan) -> Level {
    Level { name: "Everybody in the plan".to_owned(), notify: plan.people.keys().cloned().collect(), by: BY.to_vec(), within: WITHIN }
}

/// Whom a level wakes now, each once.
#[must_use]
pub fn woken(plan: &Plan, level: &Level, at: Timestamp) -> Vec<String> {
    let mut people: Vec<String> = Vec::new();
    for person in level.notify.iter().flat_map(|name| on_call_now(plan, name, at)) {
        if !people.contains(&person) {
            people.push(person);
        }
    }
    people
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rotation(every: &str, from: &str) -> Rotation {
        serde_json::from_value(serde_json::json!({"people": ["ana", "bob", "carol"], "every": every, "from": from})).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn person(rotation: &Rotation, moment: &str) -> String {
        turn(rotation, "Europe/Berlin", at(moment)).unwrap().person
    }

    #[test]
    fn a_week_changes_hands_at_the_same_wall_clock_time_in_summer_and_winter() {
        let weekly = rotation("7d", "2026-01-05T09:00");
        assert_eq!(person(&weekly, "2026-01-05T08:00:00Z"), "ana");
        assert_eq!(person(&weekly, "2026-01-12T07:59:59Z"), "ana");
        assert_eq!(person(&weekly, "2026-01-12T08:00:00Z"), "bob");
        // The 12th change is on 30 March, the day after the clocks went forward: 09:00 in Berlin is 07:00 UTC from then on.
        assert_eq!(person(&weekly, "2026-03-30T06:59:59Z"), "carol");
        assert_eq!(person(&weekly, "2026-03-30T07:00:00Z"), "ana");
        let turn = turn(&weekly, "Europe/Berlin", at("2026-03-30T07:00:00Z")).unwrap();
        assert_eq!((turn.since, turn.until), (at("2026-03-30T07:00:00Z"), at("2026-04-06T07:00:00Z")));
    }

    #[test]
    fn a_change_in_an_hour_that_the_clocks_skip_or_repeat_happens_once() {
        let daily = rotation("1d", "2026-03-27T02:30");
        // On 29 March 02:30 does not exist: it is 03:30 there, 01:30 UTC.
        assert_eq!(person(&daily, "2026-03-29T01:29:59Z"), "bob");
        assert_eq!(person(&daily, "2026-03-29T01:30:00Z"), "carol");
        let daily = rotation("1d", "2026-10-23T02:30");
        // On 25 October 02:30 is shown twice, 00:30 and 01:30 UTC: the first time counts, and nobody gets it back.
        assert_eq!(person(&daily, "2026-10-25T00:29:59Z"), "bob");
        for moment in ["2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z"] {
            assert_eq!(person(&daily, moment), "carol", "{moment}");
        }
    }

    #[test]
    fn hours_are_hours_and_nothing_is_nobody() {
        let shifts = rotation("8h", "2026-03-28T22:00");
        assert_eq!(person(&shifts, "2026-03-29T04:59:59Z"), "ana");
        assert_eq!(person(&shifts, "2026-03-29T05:00:00Z"), "bob");
        assert_eq!(person(&shifts, "2026-01-01T00:00:00Z"), "ana", "before the first turn");
        assert_eq!(turn(&Rotation { people: Vec::new(), ..shifts.clone() }, "UTC", at("2026-03-29T05:00:00Z")), None);
        assert_eq!(turn(&rotation("0s", "2026-03-28T22:00"), "UTC", at("2026-03-29T05:00:00Z")), None);
        assert_eq!(turn(&rotation("7d", "yesterday"), "UTC", at("2026-03-29T05:00:00Z")), None);
    }
}
