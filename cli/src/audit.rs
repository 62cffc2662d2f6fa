//! `mayday audit`: looks at the audit chain in the bot's table.

use std::sync::Arc;

use mayday_aws::{blobs::S3Blobs, client::Connection, settings::Settings, table::DynamoTable};
use mayday_core::{
    audit::{self, ANCHOR_KEY, Head},
    port::{Blobs, Table},
    store::Store,
};

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Walk the chain from its beginning and name the first entry that is not as it was written. Region, keys and
    /// addresses come from the usual AWS variables.
    Verify {
        /// The bot's table.
        #[arg(long, default_value = "mayday")]
        table: String,
        /// The bot's bucket, where the chain's end is put away.
        #[arg(long)]
        bucket: String,
    },
}

pub(crate) async fn run(command: &Command) -> anyhow::Result<()> {
    let Command::Verify { table, bucket } = command;
    #[expect(clippy::disallowed_methods, reason = "the one place where this command's configuration is read")]
    let connection = Arc::new(Connection::new(Settings::from_env(&|name: &str| std::env::var(name).ok())?));
    let table: Arc<dyn Table> = Arc::new(DynamoTable::new(&connection, table.clone()));
    let blobs: Arc<dyn Blobs> = Arc::new(S3Blobs::new(&connection, bucket.clone()));
    let anchor = blobs.get(ANCHOR_KEY).await?;
    let entries = audit::read_all(&Store::new(table, blobs)).await?;
    let head = audit::verify(&entries)?;
    match anchor {
        Some(anchor) => {
            let anchor: Head = serde_json::from_slice(&anchor.bytes)?;
            audit::check_anchor(&head, &entries, &anchor)?;
            println!("{} entries, each as it was written, and none missing since entry {} was put away.", head.seq, anchor.seq);
        }
        None => {
            println!("{} entries, each as it was written. The chain's end was never put away, so a missing end can't be told.", head.seq)
        }
    }
    Ok(())
}
