use super::*;

const SCENARIOS: &str = "
scenarios:
  database-loss: {title: Complete Database Loss, runbook: restore, recovery: Restore from latest backup, signs: [database_gone]}
  database-failure: {title: Database Failure, runbook: restart-pool, signs: [database_unreachable]}
  application-failure: {title: Application Failure, runbook: rollback, signs: [application_down]}
  regional-outage: {title: Regional Outage, runbook: failover, signs: [application_down, database_unreachable]}
  data-corruption: {title: Data Corruption, runbook: restore, signs: [data_wrong]}
  data-breach: {title: Data Breach, runbook: lockdown}
";

fn plan() -> Plan {
    // Only its scenarios count here, so it need not be a plan that could run.
    let text = format!("{}\n{SCENARIOS}", include_str!("../../../../../plans/demo.yaml"));
    serde_saphyr::from_str(&text).unwrap()
}

fn patient() -> Patient {
    Patient { service: Some("shop".to_owned()), databases: vec!["stock".to_owned(), "orders".to_owned()] }
}

fn ill(aspect: Aspect, sign: Sign) -> Fact {
    Fact { aspect, about: "orders".to_owned(), found: Found::Ill(sign, "it is so".to_owned()) }
}

fn well(aspect: Aspect) -> Fact {
    Fact { aspect, about: "orders".to_owned(), found: Found::Well("fine".to_owned()) }
}

/// A scenario's name, and what is to be typed for it.
type Expected = &'static [(&'static str, Option<&'static str>)];

#[test]
fn r04_what_is_seen_names_the_scenario_and_what_to_type() {
    use Aspect::{Application, Backups, Data, Database};
    let gone = || ill(Database, Sign::DatabaseGone);
    let refused = || ill(Database, Sign::DatabaseUnreachable);
    let down = || ill(Application, Sign::ApplicationDown);
    let wrong = || ill(Data, Sign::DataWrong);
    let table: [(&str, Vec<Fact>, Expected); 7] = [
        ("all is well", vec![well(Database), well(Application), well(Data)], &[]),
        (
            "the database is gone: that is said first, then that nobody can sign in to it",
            vec![gone(), well(Application)],
            &[("database-loss", Some("restore orders --latest")), ("database-failure", Some("runbook show restart-pool"))],
        ),
        ("it refuses connections", vec![refused()], &[("database-failure", Some("runbook show restart-pool"))]),
        ("only the application is down", vec![well(Database), down()], &[("application-failure", Some("runbook show rollback"))]),
        (
            "both are down: what explains both comes first",
            vec![refused(), down()],
            &[
                ("regional-outage", Some("failover shop")),
                ("application-failure", Some("runbook show rollback")),
                ("database-failure", Some("runbook show restart-pool")),
            ],
        ),
        ("the data is wrong: its newest moments are too", vec![wrong()], &[("data-corruption", Some("restore orders"))]),
        ("stale backups are no scenario of this plan", vec![ill(Backups, Sign::BackupsStale)], &[]),
    ];
    for (what, facts, expected) in table {
        let diagnosis = Diagnosis::of(&plan(), &patient(), facts);
        let found: Vec<(&str, Option<&str>)> =
            diagnosis.scenarios.iter().map(|found| (found.name.as_str(), found.command.as_deref())).collect();
        assert_eq!(found, expected, "{what}");
    }
}

#[test]
fn h10_what_could_not_be_seen_is_a_sign_of_nothing() {
    let unseen = |aspect| Fact { aspect, about: "orders".to_owned(), found: Found::Unseen("no name server answers".to_owned()) };
    let diagnosis = Diagnosis::of(&plan(), &patient(), Aspect::ALL.map(unseen).to_vec());
    assert_eq!((diagnosis.signs.len(), diagnosis.scenarios.len(), diagnosis.unseen().count()), (0, 0, 5));
}
