//! Links to what lists list.

use super::Desk;
use crate::{approval::Approval, proposal::Proposal, run::Run, view::Links};

/// How many are asked for: each is a call, and somebody waits for the list.
const MOST: usize = 8;

impl Desk<'_> {
    /// Where the cards of these proposals and the headlines of these runs open. What Slack does not say is left out.
    pub(crate) async fn links(&self, approvals: &[(Approval, Proposal)], runs: &[Run]) -> Links {
        let cards = approvals.iter().filter_map(|(approval, _)| approval.cards.first());
        let headlines = runs.iter().filter_map(|run| run.headline.as_ref());
        let mut links = Links::default();
        for posted in cards.chain(headlines).take(MOST) {
            match self.world.chat.link(posted).await {
                Ok(url) => links.add(posted, &url),
                Err(error) => {
                    // A list without links says all the same: nobody waits for more of these.
                    tracing::info!(error = %error, "it is not known where a message opens");
                    break;
                }
            }
        }
        links
    }
}
