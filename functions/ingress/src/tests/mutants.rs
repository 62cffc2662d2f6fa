//! Mutated requests by the hundred thousand: whatever differs from what was signed stays outside, and nothing panics.
//!
//! `BOLERO_RANDOM_ITERATIONS=10000000 cargo test --profile sim -p ingress mutants -- --nocapture` tries ten million and says
//! what became of them. A failure prints its seed; `BOLERO_RANDOM_SEED` tries that one again.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use bolero::TypeGenerator;
use mayday_fuzz::{Edit, Edits};
use mayday_slack::verify::{SIGNATURE_HEADER, TIMESTAMP_HEADER};
use serde_json::json;
use tokio::runtime::Runtime;

use super::setup::*;
use crate::event::Route;

/// What a header's value or a body may be given beside what is there.
const WORDS: [&str; 24] = [
    "v0=",
    "v1=",
    "sha256=",
    ",",
    " ",
    "\t",
    "\r\n",
    "\0",
    "0",
    "-",
    "+",
    "%20",
    "%2B",
    "&",
    "=",
    "&text=restore",
    ";",
    "\u{feff}",
    "é",
    "\u{200b}",
    "{}",
    "null",
    "ssl_check=1",
    "x-slack-signature",
];

/// One thing done to a request that was signed. None of them signs anew.
#[derive(Debug, Clone, TypeGenerator)]
enum Mutation {
    /// The body's bytes.
    Body(Edit),
    /// The same form, written otherwise.
    Reencoded(Reencoding),
    /// The signature's text.
    Signature(Edit),
    /// Another version before the same digits.
    Version(u8),
    /// Its digits in capitals, or some of them.
    SignatureCase(u64),
    /// More digits behind it, or fewer.
    SignatureLength(i8),
    /// The timestamp's text.
    Timestamp(Edit),
    /// Another second.
    Shifted(i16),
    /// White space around a header's value: before or behind, the signature's or the timestamp's.
    Space(bool, bool, u8),
    /// A header once more: the same value, none, or another.
    Twice(bool, Again),
    /// A header left out.
    Without(bool),
    /// Delivered when its time is over: so many seconds beyond the window, earlier or later.
    Late(bool, u16),
    /// The body as base64 without saying so.
    Base64Unsaid,
    /// The body as text, said to be base64.
    Base64Said,
    /// Signed by a key that is not ours.
    OtherKey(u8),
}

/// How else a form can be written.
#[derive(Debug, Clone, TypeGenerator)]
enum Reencoding {
    Reversed,
    PlusForSpace,
    CapitalEscapes,
    EveryByteEscaped,
    AsJson,
    BehindAMark,
    WithNewline,
}

#[derive(Debug, Clone, TypeGenerator)]
enum Again {
    Same,
    Empty,
    Zeros,
}

#[derive(Debug, Clone, TypeGenerator)]
struct Case {
    base: u8,
    shape: u8,
    #[generator(bolero::generator::produce::<Vec<Mutation>>().with().len(1_usize..=3))]
    mutations: Vec<Mutation>,
}

/// A request on its way, and when it arrives.
struct Sent {
    post: Post,
    base64: Option<bool>,
    at_s: i64,
}

fn bases() -> Vec<(Route, String)> {
    let click = payload("block_actions", &json!({"actions": [{"action_id": "approve", "value": "p-1"}], "response_url": null}));
    let form = payload("view_submission", &json!({"view": {"callback_id": "restore", "private_metadata": "p-1", "blocks": []}}));
    let event = json!({"type": "event_callback", "team_id": "T1DC2JH3J", "api_app_id": "A0MAYDAY", "event_id": "E1", "event": {}});
    vec![
        (Route::Commands, COMMAND.to_owned()),
        (Route::Commands, format!("{COMMAND}+orders+--at+14%3a05&user_name=%c3%a9l%c3%a9onore")),
        (Route::Interactions, interaction(&click)),
        (Route::Interactions, interaction(&form)),
        (Route::Events, event.to_string()),
        (Route::Events, json!({"type": "url_verification", "challenge": "3eZbrw1aBm2r"}).to_string()),
    ]
}

fn name(signature: bool) -> &'static str {
    if signature { SIGNATURE_HEADER } else { TIMESTAMP_HEADER }
}

impl Sent {
    fn header(&mut self, signature: bool, edit: impl FnOnce(&str) -> String) {
        if let Some((_, value)) = self.post.headers.iter_mut().find(|(key, _)| key == name(signature)) {
            *value = edit(value);
        }
    }

    fn mutate(&mut self, mutation: &Mutation) {
        let edited = |edit: &Edit, text: &str| String::from_utf8_lossy(&edit.applied(text.as_bytes().to_vec(), &WORDS)).into_owned();
        match mutation {
            Mutation::Body(edit) => self.post.body = edit.applied(std::mem::take(&mut self.post.body), &WORDS),
            Mutation::Reencoded(how) => self.post.body = how.of(&String::from_utf8_lossy(&self.post.body)).into_bytes(),
            Mutation::Signature(edit) => self.header(true, |text| edited(edit, text)),
            Mutation::Version(version) => {
                self.header(true, |text| format!("v{version}={}", text.split_once('=').map_or(text, |(_, digits)| digits)));
            }
            Mutation::SignatureCase(which) => self.header(true, |text| {
                let capital = |(at, digit): (usize, char)| if which >> (at % 64) & 1 == 1 { digit.to_ascii_uppercase() } else { digit };
                text.char_indices().map(capital).collect()
            }),
            Mutation::SignatureLength(more) if *more >= 0 => {
                self.header(true, |text| format!("{text}{}", "0".repeat(usize::from(more.unsigned_abs()))));
            }
            Mutation::SignatureLength(fewer) => {
                self.header(true, |text| {
                    text.chars().take(text.chars().count().saturating_sub(usize::from(fewer.unsigned_abs()))).collect()
                });
            }
            Mutation::Timestamp(edit) => self.header(false, |text| edited(edit, text)),
            Mutation::Shifted(by) => {
                self.header(false, |text| {
                    text.parse::<i64>().map_or(text.to_owned(), |second| second.saturating_add(i64::from(*by)).to_string())
                });
            }
            Mutation::Space(signature, before, which) => {
                let space = [" ", "\t", "\n", "\r\n", "\u{a0}", "\u{3000}", "\u{200b}", "\0"][usize::from(which % 8)];
                self.header(*signature, |text| if *before { format!("{space}{text}") } else { format!("{text}{space}") });
            }
            Mutation::Twice(signature, again) => {
                let value = self.post.headers.iter().find(|(key, _)| key == name(*signature)).map(|(_, value)| value.clone());
                let value = match again {
                    Again::Same => value.unwrap_or_default(),
                    Again::Empty => String::new(),
                    Again::Zeros => format!("v0={}", "0".repeat(64)),
                };
                self.post.headers.push((name(*signature).to_owned(), value));
            }
            Mutation::Without(signature) => self.post.headers.retain(|(key, _)| key != name(*signature)),
            Mutation::Late(early, by) => self.at_s = START_S + (301 + i64::from(*by)) * if *early { -1 } else { 1 },
            Mutation::Base64Unsaid => self.base64 = Some(false),
            Mutation::Base64Said => self.base64 = Some(true),
            Mutation::OtherKey(key) => {
                let at_s = START_S;
                self.post.headers = Post::signed_by(&format!("key-{key}"), Route::Commands, &self.post.body, at_s).headers;
            }
        }
    }

    fn event(&self, shape: Shape) -> String {
        let encoded = self.post.event_base64(shape);
        match self.base64 {
            None => self.post.event(shape),
            Some(false) => encoded.replace(r#""isBase64Encoded":true"#, r#""isBase64Encoded":false"#),
            Some(true) => self.post.event_with(shape, &String::from_utf8_lossy(&self.post.body), true),
        }
    }

    /// Whether all that Slack signed arrives as it was, once, and in time. Told by comparing texts: nothing of the product is asked.
    fn is_as_signed(&self, signed: &Post) -> bool {
        let ours = |headers: &[(String, String)]| -> Vec<(String, String)> {
            let mut ours: Vec<_> = headers.iter().filter(|(key, _)| key == name(true) || key == name(false)).cloned().collect();
            ours.sort();
            ours
        };
        let in_time = (self.at_s - START_S).abs() <= 300;
        in_time && self.base64.is_none() && self.post.body == signed.body && ours(&self.post.headers) == ours(&signed.headers)
    }
}

impl Reencoding {
    fn of(&self, body: &str) -> String {
        match self {
            Self::Reversed => body.split('&').rev().collect::<Vec<_>>().join("&"),
            Self::PlusForSpace => body.replace('+', "%20").replace("%2F", "/"),
            Self::CapitalEscapes => {
                let mut escape = 0;
                let capital = |letter: char| {
                    escape = if letter == '%' { 2 } else { i32::max(0, escape - 1) };
                    if escape > 0 || letter.is_ascii_digit() { letter.to_ascii_uppercase() } else { letter }
                };
                body.chars().map(capital).collect()
            }
            Self::EveryByteEscaped => {
                body.bytes().map(|byte| if b"&=".contains(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
            }
            Self::AsJson => json!(body).to_string(),
            Self::BehindAMark => format!("\u{feff}{body}"),
            Self::WithNewline => format!("{body}\n"),
        }
    }
}

/// A door with a clock that can be set, and what became of the requests at it.
struct Bench {
    setup: Setup,
    runtime: Runtime,
    signed: Vec<Post>,
    now_s: i64,
}

impl Bench {
    fn new() -> Self {
        let signed = bases().into_iter().map(|(route, body)| Post::signed(route, body.as_bytes(), START_S)).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        Self { setup: Setup::new(), runtime, signed, now_s: START_S }
    }

    fn answer(&mut self, event: &str, at_s: i64) -> u16 {
        self.setup.advance(at_s - self.now_s);
        self.now_s = at_s;
        let answer = self.runtime.block_on(self.setup.deliver(event));
        self.setup.log.borrow_mut().clear();
        answer.status_code
    }

    /// Takes back what the worker was handed.
    fn handed_over(&self) -> usize {
        self.setup.worker.taken.borrow_mut().drain(..).count() + self.setup.worker.asked.borrow_mut().drain(..).count()
    }
}

thread_local! {
    static BENCH: RefCell<Bench> = RefCell::new(Bench::new());
}

static TALLY: Mutex<BTreeMap<&'static str, u64>> = Mutex::new(BTreeMap::new());

fn count(what: &'static str) {
    *TALLY.lock().unwrap_or_else(PoisonError::into_inner).entry(what).or_default() += 1;
}

/// One request: what is as it was signed is taken, and of all else nothing.
fn knock(case: &Case) {
    BENCH.with_borrow_mut(|bench| {
        let signed = bench.signed[usize::from(case.base) % bench.signed.len()].clone();
        let shape = SHAPES[usize::from(case.shape) % SHAPES.len()];
        let mut sent = Sent { post: signed.clone(), base64: None, at_s: START_S };
        for mutation in &case.mutations {
            sent.mutate(mutation);
        }
        let same = sent.is_as_signed(&signed);
        let status = bench.answer(&sent.event(shape), sent.at_s);
        let (taken, handed_over) = (status < 300, bench.handed_over());
        assert_eq!(
            (taken, handed_over > 0 || (taken && signed.path == Route::Events.path())),
            (same, same),
            "status {status}, handed over {handed_over}"
        );
        match (same, status) {
            (true, _) => count("not mutated after all: taken"),
            (false, 401) => count("mutated: 401 unauthorized"),
            (false, 400) => count("mutated: 400 bad request"),
            (false, _) => count("mutated: another refusal"),
        }
    });
}

#[test]
fn a5_no_mutated_request_is_accepted() {
    bolero::check!().with_iterations(200_000).with_type::<Case>().for_each(knock);
    let tally = TALLY.lock().unwrap_or_else(PoisonError::into_inner);
    for (what, times) in tally.iter() {
        println!("{times:>12}  {what}");
    }
    let mutated: u64 = tally.iter().filter(|(what, _)| what.starts_with("mutated")).map(|(_, times)| times).sum();
    assert!(mutated * 10 > tally.values().sum::<u64>() * 9, "most are mutants: {tally:?}");
}

/// The whole event's text, edited anywhere: what is taken is still what was signed.
fn garble(edits: &Edits) {
    BENCH.with_borrow_mut(|bench| {
        let events: Vec<String> = bench.signed.iter().flat_map(|post| SHAPES.map(|shape| post.event(shape))).collect();
        let event = String::from_utf8_lossy(&edits.of(&events, &WORDS)).into_owned();
        let status = bench.answer(&event, START_S);
        let signed: Vec<&[u8]> = bench.signed.iter().map(|post| post.body.as_slice()).collect();
        let taken: Vec<_> = bench.setup.worker.taken.borrow_mut().drain(..).collect();
        assert!(taken.iter().all(|envelope| signed.contains(&envelope.body.bytes().unwrap().as_ref())), "status {status}: {taken:?}");
        assert!([200, 400, 401, 404, 405, 413].contains(&status), "status {status}");
    });
}

#[test]
fn a5_an_event_edited_anywhere_hands_over_only_what_was_signed() {
    bolero::check!().with_iterations(20_000).with_type::<Edits>().for_each(garble);
}
