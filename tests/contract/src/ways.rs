//! [`Pager`], [`Phone`] and [`Mail`]: what is taken has an id of its own, by which it can be said later that it did not arrive; what surely
//! does not arrive is said as such; and nothing that somebody wrote becomes a second line of a letter's head.

use mayday_core::{
    plan::Severity,
    port::{Alert, Letter, Mail, Pager, Phone, Sent},
};

use crate::assert_refused;

/// Whom nothing reaches.
#[derive(Debug, Clone, Copy)]
pub struct Nobody<'a> {
    /// A number to which nothing can be sent.
    pub number: &'a str,
    /// An address to which nothing is sent.
    pub address: &'a str,
}

/// All promises, of all three.
pub async fn everything(pager: &dyn Pager, phone: &dyn Phone, mail: &dyn Mail, nobody: Nobody<'_>) {
    one_trouble_is_told_as_often_as_one_likes(pager).await;
    what_was_never_raised_can_be_ended(pager).await;
    each_text_and_each_call_has_an_id_of_its_own(phone).await;
    a_number_that_can_not_be_reached_is_said_as_such(phone, nobody).await;
    each_letter_has_an_id_of_its_own(mail).await;
    an_address_that_gets_nothing_is_said_as_such(mail, nobody).await;
    a_subject_has_one_line(mail).await;
}

#[track_caller]
fn accepted(sent: Sent) -> String {
    match sent {
        Sent::Accepted { reference } if !reference.is_empty() => reference,
        other => panic!("expected it to be taken, got {other:?}"),
    }
}

fn alert(key: &str) -> Alert {
    let (summary, source, details) = ("orders can't be reached".to_owned(), "Example".to_owned(), "<b>no</b> answer\n".to_owned());
    Alert { dedup_key: key.to_owned(), severity: Severity::Sev1, summary, source, details }
}

fn letter(to: &str, subject: &str) -> Letter {
    let (text, html) = ("Reply ACK 4711.".to_owned(), "<p>Reply ACK 4711.</p>".to_owned());
    Letter { to: vec![to.to_owned()], subject: subject.to_owned(), text, html }
}

/// A page that climbs tells it again, under the same key.
pub async fn one_trouble_is_told_as_often_as_one_likes(pager: &dyn Pager) {
    for _ in 0..2 {
        accepted(pager.trigger(&alert("contract/one")).await.unwrap());
    }
    accepted(pager.acknowledge("contract/one").await.unwrap());
    accepted(pager.resolve("contract/one").await.unwrap());
}

/// The doctor tries the way by it, and nobody is woken.
pub async fn what_was_never_raised_can_be_ended(pager: &dyn Pager) {
    accepted(pager.acknowledge("contract/never").await.unwrap());
    accepted(pager.resolve("contract/never").await.unwrap());
}

/// Also if the same is sent to the same number twice.
pub async fn each_text_and_each_call_has_an_id_of_its_own(phone: &dyn Phone) {
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(accepted(phone.sms("+15550003", "MAYDAY: <b> & “ü”").await.unwrap()));
        ids.push(accepted(phone.call("+15550003", "Mayday. Look at your telephone.").await.unwrap()));
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4, "{ids:?}");
}

/// It is no error: the next way is tried at once.
pub async fn a_number_that_can_not_be_reached_is_said_as_such(phone: &dyn Phone, nobody: Nobody<'_>) {
    for sent in [phone.sms(nobody.number, "MAYDAY").await, phone.call(nobody.number, "Mayday").await] {
        assert!(matches!(&sent, Ok(Sent::Undelivered { why }) if !why.is_empty()), "{sent:?}");
    }
}

/// As with texts.
pub async fn each_letter_has_an_id_of_its_own(mail: &dyn Mail) {
    let first = accepted(mail.send(&letter("ana@example.com", "SEV1: orders")).await.unwrap());
    let second = accepted(mail.send(&letter("ana@example.com", "SEV1: orders")).await.unwrap());
    assert_ne!(first, second);
}

/// Suppressed after a bounce, or after a complaint.
pub async fn an_address_that_gets_nothing_is_said_as_such(mail: &dyn Mail, nobody: Nobody<'_>) {
    let sent = mail.send(&letter(nobody.address, "SEV1: orders")).await;
    assert!(matches!(&sent, Ok(Sent::Undelivered { why }) if !why.is_empty()), "{sent:?}");
}

/// A line break in it would begin a header of somebody else's choice.
pub async fn a_subject_has_one_line(mail: &dyn Mail) {
    for subject in ["SEV1\r\nBcc: everybody@example.com", "SEV1\nBcc: everybody@example.com"] {
        assert_refused(mail.send(&letter("ana@example.com", subject)).await, "header_injection");
    }
}
