//! What the simulated workspace starts with: its people, its channels and the app installed in it.

use serde::{Deserialize, Serialize};

use crate::seed::{Seed, SeedChannel, SeedPerson};

/// One member, with the fields of `users.info` that decide whether a person counts (catalogue C4).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct Person {
    /// The user id: `U…` or `W…`.
    pub id: String,
    /// The handle, without `@`.
    pub name: String,
    /// The full name.
    pub real_name: String,
    /// The job, shown beside the name.
    pub title: String,
    /// The roles that the plan gives; Slack does not know them, the console shows them.
    pub roles: Vec<String>,
    /// The IANA time zone.
    pub tz: String,
    /// The address of `users.lookupByEmail`.
    pub email: String,
    /// The home workspace; empty: this one. Another one makes a Slack Connect user.
    pub team_id: String,
    /// Deactivated.
    pub deleted: bool,
    /// Not a person.
    pub is_bot: bool,
    /// A multi-channel guest.
    pub is_restricted: bool,
    /// A single-channel guest.
    pub is_ultra_restricted: bool,
    /// From another organization.
    pub is_stranger: bool,
    /// Whether the address was confirmed.
    pub is_email_confirmed: bool,
}

impl Default for Person {
    fn default() -> Self {
        Self {
            id: String::new(),
            name: String::new(),
            real_name: String::new(),
            title: String::new(),
            roles: Vec::new(),
            tz: "Etc/UTC".to_owned(),
            email: String::new(),
            team_id: String::new(),
            deleted: false,
            is_bot: false,
            is_restricted: false,
            is_ultra_restricted: false,
            is_stranger: false,
            is_email_confirmed: true,
        }
    }
}

/// A channel to begin with.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChannelSeed {
    /// The channel id: `C…`.
    pub id: String,
    /// The name, without `#`.
    pub name: String,
    /// The topic under the name.
    pub topic: String,
    /// Whether it is private.
    pub private: bool,
    /// Who is in it; empty: everybody and the bot.
    pub members: Vec<String>,
}

/// A user group: `@oncall-db`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UserGroup {
    /// The group id: `S…`.
    pub id: String,
    /// The handle, without `@`.
    pub handle: String,
    /// Its members' user ids.
    pub users: Vec<String>,
}

/// A slash command of the app.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SlashCommand {
    /// With its slash: `/dr`.
    pub command: String,
    /// What the composer's hint says.
    pub description: String,
    /// An example of its arguments.
    pub usage_hint: String,
}

/// A shortcut of the app.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Shortcut {
    /// What the payload carries.
    pub callback_id: String,
    /// What the menu says.
    pub name: String,
    /// Whether it hangs on messages rather than on the whole workspace.
    pub on_message: bool,
}

/// The workspace and the app in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct Workspace {
    /// The workspace's id: `T…`.
    pub team_id: String,
    /// `team_domain` of the payloads.
    pub team_domain: String,
    /// The name in the side bar.
    pub team_name: String,
    /// The Enterprise Grid organization, if it is in one.
    pub enterprise_id: Option<String>,
    /// The app's id: `A…`.
    pub app_id: String,
    /// The app's name.
    pub app_name: String,
    /// The app's bot: `B…`.
    pub bot_id: String,
    /// The bot's user: `U…`.
    pub bot_user_id: String,
    /// The token that the Web API accepts.
    pub bot_token: String,
    /// The deprecated verification token that payloads still carry.
    pub verification_token: String,
    /// What the token may: the scopes that `infra/slack-manifest.yaml` asks for.
    pub scopes: Vec<String>,
    /// The app's slash commands.
    pub commands: Vec<SlashCommand>,
    /// The app's shortcuts.
    pub shortcuts: Vec<Shortcut>,
    /// The members, the bot excepted.
    pub people: Vec<Person>,
    /// The channels to begin with.
    pub channels: Vec<ChannelSeed>,
    /// The user groups.
    pub usergroups: Vec<UserGroup>,
}

/// The app's shortcuts, as `infra/slack-manifest.yaml` declares them.
fn shortcuts() -> Vec<Shortcut> {
    let declared = [
        ("situation", "Situation", true),
        ("why", "Why did this happen?", true),
        ("ask", "Ask Mayday…", true),
        ("ask", "Ask Mayday…", false),
    ];
    let shortcut = |(callback_id, name, on_message): (&str, &str, bool)| Shortcut {
        callback_id: callback_id.to_owned(),
        name: name.to_owned(),
        on_message,
    };
    declared.map(shortcut).to_vec()
}

impl Default for Workspace {
    fn default() -> Self {
        let dr = SlashCommand {
            command: "/dr".to_owned(),
            description: "Disaster recovery: assess, back up, restore, fail over".to_owned(),
            usage_hint: "restore inventory --at 14:05".to_owned(),
        };
        Self {
            team_id: "T0MAYDAY1".to_owned(),
            team_domain: "mayday-local".to_owned(),
            team_name: "Mayday Local".to_owned(),
            enterprise_id: None,
            app_id: "A0MAYDAY1".to_owned(),
            app_name: "Mayday".to_owned(),
            bot_id: "B0MAYDAY1".to_owned(),
            bot_user_id: "U0MAYDAY1".to_owned(),
            bot_token: "xoxb-local-mayday".to_owned(),
            verification_token: "local-verification-token".to_owned(),
            scopes: ["chat:write", "commands", "files:write", "im:write", "users:read"].map(str::to_owned).to_vec(),
            commands: vec![dr],
            shortcuts: shortcuts(),
            people: Vec::new(),
            channels: Vec::new(),
            usergroups: Vec::new(),
        }
    }
}

impl Workspace {
    /// The workspace that a stack's seed asks for, with a bot that has this token.
    #[must_use]
    pub fn from_seed(seed: &Seed, bot_token: &str) -> Self {
        let person = |person: &SeedPerson| Person {
            id: person.id.clone(),
            name: person.name.clone(),
            real_name: person.real_name.clone(),
            roles: person.roles.clone(),
            email: format!("{}@example.com", person.name),
            ..Person::default()
        };
        let channel = |channel: &SeedChannel| ChannelSeed { id: channel.id.clone(), name: channel.name.clone(), ..ChannelSeed::default() };
        Self {
            team_id: seed.team_id.clone(),
            app_id: seed.app_id.clone(),
            bot_user_id: seed.bot_user_id.clone(),
            bot_token: bot_token.to_owned(),
            people: seed.people.iter().map(person).collect(),
            channels: seed.channels.iter().map(channel).collect(),
            ..Self::default()
        }
    }

    /// The bot as a member, for `users.info` and the console.
    pub(crate) fn bot(&self) -> Person {
        Person {
            id: self.bot_user_id.clone(),
            name: self.app_name.to_lowercase(),
            real_name: self.app_name.clone(),
            title: "App".to_owned(),
            is_bot: true,
            ..Person::default()
        }
    }
}
