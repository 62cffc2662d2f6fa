//! The minute's checks, minute by minute.

use jiff::SignedDuration;
use mayday_core::probe::{Verdict, Watch};

use crate::{Message, Stage, stage::CHANNEL};

impl Stage {
    /// The record of a probe.
    #[must_use]
    pub fn watch(&self, id: &str) -> Option<Watch> {
        self.records::<Watch>("probe").into_iter().find(|watch| watch.id == id)
    }

    /// Lets a minute pass, and waits until the probe was asked in it.
    pub async fn minute(&self, id: &str) -> Watch {
        let before = self.watch(id).map(|watch| watch.asked_at);
        self.advance(SignedDuration::from_secs(60));
        self.until("the probe is asked", async || self.watch(id).filter(|watch| Some(watch.asked_at) > before)).await
    }

    /// Lets minutes pass until the probe makes of it what is wanted.
    pub async fn until_verdict(&self, id: &str, verdict: Verdict) -> Watch {
        for _ in 0..6 {
            let watch = self.minute(id).await;
            if watch.verdict == verdict {
                return watch;
            }
        }
        panic!("{id} never was {verdict:?}: {:?}", self.watch(id));
    }

    /// What was said to everybody in the channel, outside threads, that has all these words.
    #[must_use]
    pub fn said(&self, words: &[&str]) -> Vec<Message> {
        let open = |message: &Message| message.only_for().is_none() && message.thread().is_none() && message.says(words);
        self.messages(CHANNEL).into_iter().filter(open).collect()
    }
}
