//! Tags of instances and snapshots, by ARN.

use super::{
    Answer, NAMESPACE, Rds,
    describe::name_of,
    fault::{internal, invalid, no_instance, no_snapshot},
    model::Tag,
    xml,
};
use crate::{
    service::Reply,
    wire::query::{self, Params},
};

/// The request's `Tags`.
pub(super) fn tags_of(params: &Params) -> Vec<Tag> {
    let text = |tag: &Params, name| tag.get(name).unwrap_or_default().to_owned();
    params.structures("Tags.Tag").iter().map(|tag| Tag { key: text(tag, "Key"), value: text(tag, "Value") }).collect()
}

/// Sets tags; a key that is there gets the new value.
fn set(tags: &mut Vec<Tag>, new: Vec<Tag>) {
    tags.retain(|tag| !new.iter().any(|newer| newer.key == tag.key));
    tags.extend(new);
}

impl Rds {
    pub(super) fn add_tags(&self, params: &Params) -> Answer {
        let new = tags_of(params);
        self.edit_tags(params.required("ResourceName")?, |tags| set(tags, new))?;
        Ok(query::reply("AddTagsToResource", NAMESPACE, |_| {}))
    }

    pub(super) fn remove_tags(&self, params: &Params) -> Answer {
        let keys = params.texts("TagKeys.member");
        self.edit_tags(params.required("ResourceName")?, |tags| tags.retain(|tag| !keys.contains(&tag.key)))?;
        Ok(query::reply("RemoveTagsFromResource", NAMESPACE, |_| {}))
    }

    pub(super) fn list_tags(&self, params: &Params) -> Answer {
        let tags = self.edit_tags(params.required("ResourceName")?, |_| {})?;
        Ok(query::reply("ListTagsForResource", NAMESPACE, |xml| xml::tags(xml, &tags)))
    }

    /// Edits the tags of what an ARN names, and returns them as they are then.
    fn edit_tags(&self, arn: &str, edit: impl FnOnce(&mut Vec<Tag>)) -> Result<Vec<Tag>, Reply> {
        let region = arn.split(':').nth(3).filter(|_| arn.starts_with("arn:aws:rds:"));
        let Some(region) = region else { return Err(invalid(&format!("Invalid resource name: {arn}"))) };
        let name = name_of(arn);
        let failed = |error: anyhow::Error| internal(&error);
        if arn.contains(":snapshot:") {
            let backup = self.store.read().snapshot(region, name).map(|one| one.backup.clone()).ok_or_else(|| no_snapshot(name))?;
            let changed = self.store.change_snapshot(&backup, |one| edit(&mut one.tags)).map_err(failed)?;
            return changed.map(|one| one.tags).ok_or_else(|| no_snapshot(name));
        }
        let resource = self.store.read().instance(region, name).map(|one| one.resource.clone()).ok_or_else(|| no_instance(name))?;
        let changed = self.store.change(&resource, |one| edit(&mut one.tags)).map_err(failed)?;
        changed.map(|one| one.tags).ok_or_else(|| no_instance(name))
    }
}
