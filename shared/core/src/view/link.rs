//! Links to messages of ours: a list leads to what it lists.

use std::collections::BTreeMap;

use super::{Mrkdwn, Show};
use crate::{mrkdwn, port::Posted};

/// Where messages open, as far as Slack has said so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links(BTreeMap<(String, String), String>);

impl Links {
    /// Notes where a message opens. What is no address of the web, or could end a link, is left out.
    pub fn add(&mut self, posted: &Posted, url: &str) {
        let is_plain = |letter: char| letter.is_ascii_graphic() && !matches!(letter, '<' | '>' | '|' | '"' | '`');
        if url.starts_with("http") && url.chars().all(is_plain) {
            self.0.insert((posted.channel.clone(), posted.ts.clone()), url.to_owned());
        }
    }

    /// The text as a link to that message; the text alone, where it is not known where that opens.
    #[must_use]
    pub fn to(&self, posted: Option<&Posted>, text: Mrkdwn) -> Mrkdwn {
        let url = posted.and_then(|posted| self.0.get(&(posted.channel.clone(), posted.ts.clone())));
        url.map_or_else(|| text.clone(), |url| mrkdwn!("{}", Link { url, text: &text }))
    }
}

/// An address that was looked at, and what stands for it.
struct Link<'a> {
    url: &'a str,
    text: &'a Mrkdwn,
}

impl Show for Link<'_> {
    fn show(&self, out: &mut String) {
        // The first bar ends the address; one in the text is shown by its likeness.
        let (url, text) = (self.url.replace('&', "&amp;"), self.text.as_str().replace('|', "\u{00a6}"));
        out.extend(["<", &url, "|", &text, ">"]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k1_a_link_is_an_address_and_nothing_else() {
        let posted = Posted { channel: "C1".to_owned(), ts: "1.2".to_owned() };
        let mut links = Links::default();
        for bad in ["javascript:alert(1)", "https://x.example/|Approve>", "https://x.example/ <!channel>", ""] {
            links.add(&posted, bad);
            assert_eq!(links.to(Some(&posted), mrkdwn!("the card")).as_str(), "the card", "{bad}");
        }
        links.add(&posted, "https://team.slack.com/archives/C1/p12?a=1&cid=C1");
        assert_eq!(links.to(None, mrkdwn!("the card")).as_str(), "the card");
        let shown = links.to(Some(&posted), mrkdwn!("{}", "a|b > c"));
        assert_eq!(shown.as_str(), "<https://team.slack.com/archives/C1/p12?a=1&amp;cid=C1|a\u{00a6}b &gt; c>");
    }
}
