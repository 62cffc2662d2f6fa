//! Pictures: an address to upload to, the bytes, and where they are shown.

use mayday_core::picture::Picture;
use serde_json::{Value, json};

use super::{Error, SlackClient, answered, unreachable};
use crate::{redact::redact, response_url::ResponseUrl};

impl SlackClient {
    /// Uploads a picture and shows it. Without the last of the three calls nobody sees it, and Slack throws it away.
    pub(super) async fn upload(&self, channel: &str, thread: Option<&str>, picture: &Picture) -> Result<(), Error> {
        let (length, alt) = (picture.png.len().to_string(), redact(&picture.alt));
        let query = [("filename", picture.file.as_str()), ("length", &length), ("alt_txt", &alt)];
        let place = self.ask("files.getUploadURLExternal", &query).await?;
        let text = |name: &str| place.get(name).and_then(Value::as_str);
        let (Some(url), Some(file)) = (text("upload_url"), text("file_id")) else {
            return Err(Error::Unreachable { why: "there is no address to upload to".to_owned(), perhaps_done: false });
        };
        let foreign = || Error::Refused { code: "foreign_upload_url".to_owned(), messages: Vec::new() };
        let url = ResponseUrl::of_upload(url, self.local.as_ref()).ok_or_else(foreign)?;
        // The address carries its own authority: the token stays here.
        let sent = self.http.post(url.as_str()).header("content-type", "application/octet-stream").body(picture.png.clone()).send().await;
        answered(sent.map_err(|error| unreachable(&error))?.status())?;
        let mut body = json!({"files": [{"id": file, "title": picture.title}], "channel_id": channel});
        if let (Some(thread), Some(fields)) = (thread, body.as_object_mut()) {
            fields.insert("thread_ts".to_owned(), thread.into());
        }
        self.call("files.completeUploadExternal", body).await.map(drop)
    }
}
