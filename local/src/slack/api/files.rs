//! `files.*`, as far as uploading goes.

use base64::Engine as _;
use serde_json::{Value, json};

use super::{Answer, Arguments};
use crate::slack::{Slack, model::Message, store::Change};

/// The longest text for those who can't see a picture, in characters.
const LONGEST_ALT: usize = 1_000;
/// How every PNG begins.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// What a file is, by how it begins, as Slack finds out too.
pub(crate) fn mimetype(content: &[u8]) -> &'static str {
    if content.starts_with(PNG) { "image/png" } else { "application/octet-stream" }
}

impl Slack {
    pub(super) fn upload_url(&self, arguments: &Arguments) -> Answer {
        let filename = arguments.text("filename").ok_or("invalid_arguments")?;
        if arguments.number("length").is_none_or(|length| length == 0) {
            return Err("invalid_arguments".into());
        }
        let id = format!("F{}", ulid::Ulid::generate());
        // The name rides in the id's folder, so that an upload that outlives the stack still has one.
        let folder = self.folder.join("files").join(&id);
        let name = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&filename);
        let alt = arguments.text("alt_txt").unwrap_or_default();
        if alt.chars().count() > LONGEST_ALT {
            return Err("alt_txt_too_large".into());
        }
        let keep = || {
            std::fs::create_dir_all(&folder)?;
            std::fs::write(folder.join("name"), name)?;
            std::fs::write(folder.join("alt"), alt)
        };
        keep().map_err(|_: std::io::Error| "internal_error")?;
        Ok(json!({"upload_url": format!("{}/files/{id}", self.shared.url), "file_id": id}))
    }

    /// Takes an upload's bytes; says whether there was such an upload.
    pub(crate) fn take_upload(&self, id: &str, bytes: &[u8]) -> bool {
        let folder = self.folder.join("files").join(id);
        id.chars().all(char::is_alphanumeric) && folder.is_dir() && std::fs::write(folder.join("content"), bytes).is_ok()
    }

    /// An uploaded file's name and bytes.
    pub(crate) fn file(&self, id: &str) -> Option<(String, Vec<u8>)> {
        if !id.chars().all(char::is_alphanumeric) {
            return None;
        }
        let folder = self.folder.join("files").join(id);
        let name = std::fs::read_to_string(folder.join("name")).ok()?;
        let name = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(name).ok()?;
        Some((String::from_utf8_lossy(&name).into_owned(), std::fs::read(folder.join("content")).ok()?))
    }

    pub(super) fn complete_upload(&self, arguments: &Arguments) -> Answer {
        let asked = arguments.list("files", "invalid_arguments")?.ok_or("invalid_arguments")?;
        let mut files = Vec::new();
        for file in &asked {
            let id = file["id"].as_str().ok_or("file_not_found")?;
            let (name, content) = self.file(id).ok_or("file_not_found")?;
            let url = format!("{}/files/{id}", self.shared.url);
            let alt = std::fs::read_to_string(self.folder.join("files").join(id).join("alt")).unwrap_or_default();
            files.push(json!({
                "id": id, "name": name, "title": file["title"].as_str().unwrap_or(&name), "size": content.len(),
                "url_private": url, "url_private_download": url, "permalink": url, "user": self.workspace.bot_user_id, "alt_txt": alt, "mimetype": mimetype(&content),
            }));
        }
        if let Some(channel) = arguments.text("channel_id").or_else(|| arguments.text("channels")) {
            self.post_files(&channel, arguments, &files)?;
        }
        Ok(json!({"files": files}))
    }

    fn post_files(&self, channel: &str, arguments: &Arguments, files: &[Value]) -> Result<(), super::Refusal> {
        let mut store = self.lock();
        let member = |channel: &crate::slack::model::Channel| channel.members.contains(&self.workspace.bot_user_id);
        let found = store.state.channels.get(channel).ok_or("channel_not_found")?;
        if !member(found) {
            return Err("not_in_channel".into());
        }
        let ts = store.state.next_ts(self.shared.clock.now());
        let comment = arguments.text("initial_comment").unwrap_or_default();
        let mut message = Message::new(channel, &ts, &self.workspace.bot_user_id, &comment);
        message.thread_ts = arguments.text("thread_ts");
        message.files = files.to_vec();
        store.change(Change::Message(message));
        Ok(())
    }
}
