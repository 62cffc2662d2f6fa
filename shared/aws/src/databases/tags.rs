//! Tags in the vendor's form.

use aws_sdk_rds::types::Tag;
use mayday_core::port::Tags;

/// Keys that begin so are the vendor's own: they can be read and not be written.
const RESERVED: &str = "aws:";

pub(super) fn to_vendor(tags: &Tags) -> Vec<Tag> {
    let writable = tags.iter().filter(|(key, _)| !key.starts_with(RESERVED));
    writable.map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

pub(super) fn from_vendor(tags: Option<Vec<Tag>>) -> Tags {
    let all = tags.unwrap_or_default().into_iter().filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default())));
    all.filter(|(key, _)| !key.starts_with(RESERVED)).collect()
}
