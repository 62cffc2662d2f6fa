//! Who people are.

use async_trait::async_trait;
use mayday_core::{
    failure::CallError,
    port::{Directory, Profile},
};
use serde::Deserialize;

use super::{Error, SlackClient};

#[derive(Deserialize)]
struct Answer {
    user: User,
}

/// `users.info`'s user. Flags are absent where they would be false, and for a stranger most of them are.
#[derive(Deserialize)]
struct User {
    id: String,
    team_id: Option<String>,
    name: Option<String>,
    real_name: Option<String>,
    tz: Option<String>,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    is_restricted: bool,
    #[serde(default)]
    is_ultra_restricted: bool,
    #[serde(default)]
    is_stranger: bool,
    #[serde(default)]
    is_bot: bool,
    is_email_confirmed: Option<bool>,
    enterprise_user: Option<EnterpriseUser>,
}

#[derive(Deserialize)]
struct EnterpriseUser {
    id: Option<String>,
    enterprise_id: Option<String>,
}

impl User {
    fn enterprise_id(&self) -> Option<&str> {
        self.enterprise_user.as_ref().and_then(|user| user.id.as_deref())
    }

    fn profile(self) -> Profile {
        Profile {
            user: self.id,
            team: self.team_id.unwrap_or_default(),
            enterprise: self.enterprise_user.and_then(|user| user.enterprise_id).filter(|id| !id.is_empty()),
            name: self.real_name.or(self.name).unwrap_or_default(),
            zone: self.tz,
            deleted: self.deleted,
            restricted: self.is_restricted,
            ultra_restricted: self.is_ultra_restricted,
            stranger: self.is_stranger,
            bot: self.is_bot,
            // Slack leaves it out for people whom the bot may not see into; only a stated "no" counts against them.
            email_unconfirmed: self.is_email_confirmed == Some(false),
        }
    }
}

#[async_trait]
impl Directory for SlackClient {
    async fn profile(&self, user: &str) -> Result<Option<Profile>, CallError> {
        match self.ask("users.info", &[("user", user)]).await {
            Ok(answer) => {
                // An answer that says nothing of whom it was asked for is no silence: refused, so that nobody vouches in Slack's place.
                let answer: Answer =
                    serde_json::from_value(answer).map_err(|_| CallError::refused("odd_answer", "users.info answered with no account"))?;
                // Somebody else's profile would be somebody else's rights. On a Grid, a person has an id of the enterprise's as well.
                if answer.user.id != user && answer.user.enterprise_id() != Some(user) {
                    return Err(CallError::refused("foreign_answer", "users.info answered for somebody else"));
                }
                Ok(Some(answer.user.profile()))
            }
            Err(Error::Refused { code, .. }) if code == "user_not_found" => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
