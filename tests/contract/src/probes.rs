//! [`Probes`].

use jiff::SignedDuration;
use mayday_core::{
    plan::ProbeKind,
    port::{Answer, Probes},
};

/// What is there to be asked.
#[derive(Debug, Clone)]
pub struct Outside<'a> {
    /// Answers 200 with `all systems ready` in it.
    pub well: &'a str,
    /// Answers 503.
    pub broken: &'a str,
    /// Nobody listens there: `http://host:port/`.
    pub closed: &'a str,
    /// `host:port` that takes connections.
    pub open: &'a str,
    /// `host:port` where nobody listens.
    pub shut: &'a str,
    /// A CNAME to `old.example.com`.
    pub alias: &'a str,
    /// A name that is nowhere.
    pub nowhere: &'a str,
}

const WITHIN: SignedDuration = SignedDuration::from_secs(5);

/// All promises.
pub async fn everything(probes: &dyn Probes, outside: &Outside<'_>) {
    what_is_as_expected_is_well(probes, outside).await;
    what_is_not_as_expected_is_ill_and_says_why(probes, outside).await;
    what_is_not_there_is_ill(probes, outside).await;
    a_database_is_not_asked_this_way(probes).await;
}

fn http(url: &str, status: u16, contains: Option<&str>) -> ProbeKind {
    ProbeKind::Http { url: url.to_owned(), status, contains: contains.map(str::to_owned) }
}

fn cname(name: &str, value: Option<&str>) -> ProbeKind {
    ProbeKind::Dns { name: name.to_owned(), kind: "CNAME".to_owned(), value: value.map(str::to_owned) }
}

fn tcp(address: &str) -> ProbeKind {
    ProbeKind::Tcp { address: address.to_owned() }
}

/// Also a status that is no success, where the plan wants just that.
pub async fn what_is_as_expected_is_well(probes: &dyn Probes, outside: &Outside<'_>) {
    let well = [
        http(outside.well, 200, None),
        http(outside.well, 200, Some("ready")),
        http(outside.broken, 503, None),
        tcp(outside.open),
        cname(outside.alias, None),
        cname(outside.alias, Some("OLD.example.com.")),
    ];
    for probe in well {
        let answer = probes.ask(&probe, WITHIN).await;
        assert!(matches!(answer, Answer::Well { .. }), "{probe:?}: {answer:?}");
    }
}

/// The reason names what was found and what was wanted.
pub async fn what_is_not_as_expected_is_ill_and_says_why(probes: &dyn Probes, outside: &Outside<'_>) {
    let ill = [
        (http(outside.broken, 200, None), ["503", "200"]),
        (http(outside.well, 200, Some("on fire")), ["200", "on fire"]),
        (cname(outside.alias, Some("new.example.com")), ["old.example.com", "new.example.com"]),
    ];
    for (probe, words) in ill {
        let answer = probes.ask(&probe, WITHIN).await;
        let Answer::Ill { why, .. } = &answer else { panic!("{probe:?}: {answer:?}") };
        assert!(words.iter().all(|word| why.contains(word)), "{probe:?}: {why}");
    }
}

/// Nobody listening, and a name that is nowhere, are answers of the world: down, not unknown.
pub async fn what_is_not_there_is_ill(probes: &dyn Probes, outside: &Outside<'_>) {
    let unnamed = format!("http://{}/", outside.nowhere);
    for probe in [http(outside.closed, 200, None), tcp(outside.shut), cname(outside.nowhere, None), http(&unnamed, 200, None)] {
        let answer = probes.ask(&probe, WITHIN).await;
        assert!(matches!(answer, Answer::Ill { .. }), "{probe:?}: {answer:?}");
    }
}

/// It answers only inside its network: nothing is learnt from here.
pub async fn a_database_is_not_asked_this_way(probes: &dyn Probes) {
    let answer = probes.ask(&ProbeKind::Postgres { database: "orders".to_owned() }, WITHIN).await;
    assert!(matches!(answer, Answer::Blind { .. }), "{answer:?}");
}
