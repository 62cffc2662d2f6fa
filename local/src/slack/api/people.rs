//! `auth.test`, `bots.info`, `team.info`, `users.*` and `usergroups.*`.

use serde_json::{Value, json};

use super::{Answer, Arguments};
use crate::slack::{
    Slack,
    workspace::{Person, UserGroup},
};

impl Slack {
    pub(super) fn auth_test(&self) -> Value {
        let workspace = &self.workspace;
        let mut told = json!({
            "url": format!("https://{}.slack.com/", workspace.team_domain), "team": workspace.team_name, "user": workspace.app_name.to_lowercase(),
            "team_id": workspace.team_id, "user_id": workspace.bot_user_id, "bot_id": workspace.bot_id, "is_enterprise_install": false,
        });
        if let (Some(fields), Some(enterprise)) = (told.as_object_mut(), &workspace.enterprise_id) {
            fields.insert("enterprise_id".to_owned(), json!(enterprise));
        }
        told
    }

    pub(super) fn bots_info(&self, arguments: &Arguments) -> Answer {
        let workspace = &self.workspace;
        if arguments.text("bot").is_some_and(|bot| bot != workspace.bot_id) {
            return Err("bot_not_found".into());
        }
        Ok(json!({"bot": {
            "id": workspace.bot_id, "deleted": false, "name": workspace.app_name, "updated": 0, "app_id": workspace.app_id,
            "user_id": workspace.bot_user_id, "icons": {},
        }}))
    }

    pub(super) fn team_info(&self) -> Value {
        let workspace = &self.workspace;
        json!({"team": {
            "id": workspace.team_id, "name": workspace.team_name, "domain": workspace.team_domain, "email_domain": "", "icon": {},
            "enterprise_id": workspace.enterprise_id,
        }})
    }

    /// A member as `users.info` tells one.
    pub(crate) fn user(&self, person: &Person) -> Value {
        let workspace = &self.workspace;
        let is_bot = person.is_bot;
        let team = if person.team_id.is_empty() { &workspace.team_id } else { &person.team_id };
        let mut profile = json!({
            "title": person.title, "real_name": person.real_name, "real_name_normalized": person.real_name, "display_name": person.name,
            "display_name_normalized": person.name, "email": person.email, "team": team,
        });
        if let (true, Some(fields)) = (is_bot, profile.as_object_mut()) {
            fields.insert("bot_id".to_owned(), json!(workspace.bot_id));
            fields.insert("api_app_id".to_owned(), json!(workspace.app_id));
        }
        let mut user = json!({
            "id": person.id, "team_id": team, "name": person.name, "deleted": person.deleted, "real_name": person.real_name, "tz": person.tz,
            "tz_label": person.tz, "tz_offset": 0, "profile": profile, "is_admin": false, "is_owner": false, "is_primary_owner": false,
            "is_restricted": person.is_restricted, "is_ultra_restricted": person.is_ultra_restricted, "is_bot": is_bot,
            "is_app_user": false, "updated": 0, "is_email_confirmed": person.is_email_confirmed,
        });
        if let Some(fields) = user.as_object_mut() {
            if person.is_stranger {
                fields.insert("is_stranger".to_owned(), json!(true));
            }
            if let Some(enterprise) = &workspace.enterprise_id {
                let grid = json!({"id": person.id, "enterprise_id": enterprise, "teams": [team], "is_admin": false, "is_owner": false});
                fields.insert("enterprise_user".to_owned(), grid);
            }
        }
        user
    }

    pub(super) fn user_info(&self, arguments: &Arguments) -> Answer {
        let id = arguments.text("user").ok_or("user_not_found")?;
        let store = self.lock();
        let person = store.state.people.get(&id).ok_or("user_not_found")?;
        Ok(json!({"user": self.user(person)}))
    }

    pub(super) fn user_list(&self) -> Value {
        let members: Vec<_> = self.lock().state.people.values().map(|person| self.user(person)).collect();
        json!({"members": members, "cache_ts": self.shared.clock.now().as_second(), "response_metadata": {"next_cursor": ""}})
    }

    pub(super) fn lookup_by_email(&self, arguments: &Arguments) -> Answer {
        let email = arguments.text("email").ok_or("users_not_found")?;
        let store = self.lock();
        let matches = |person: &&Person| !person.deleted && person.email.eq_ignore_ascii_case(&email);
        let person = store.state.people.values().find(matches).ok_or("users_not_found")?;
        Ok(json!({"user": self.user(person)}))
    }

    pub(super) fn group_list(&self) -> Value {
        let told = |group: &UserGroup| {
            json!({
                "id": group.id, "team_id": self.workspace.team_id, "is_usergroup": true, "name": group.handle, "handle": group.handle,
                "is_external": false, "date_delete": 0, "user_count": group.users.len(),
            })
        };
        json!({"usergroups": self.workspace.usergroups.iter().map(told).collect::<Vec<_>>()})
    }

    pub(super) fn group_members(&self, arguments: &Arguments) -> Answer {
        let id = arguments.text("usergroup").ok_or("no_such_subteam")?;
        let group = self.workspace.usergroups.iter().find(|group| group.id == id).ok_or("no_such_subteam")?;
        Ok(json!({"users": group.users}))
    }
}
