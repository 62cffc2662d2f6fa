//! `mayday manifest`: the Slack app as Slack wants it told, and why it asks for what it asks.

use std::fmt::Write as _;

use mayday_core::command::SLASH;

/// What stands for the host of the stack's outputs, where none is given.
const HOST: &str = "HOST";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where the bot answers, by the stack's outputs: `https://dr.example.com`.
    #[arg(long, default_value = "https://HOST")]
    url: String,
    /// Print why it asks for each right, as Markdown, instead of the manifest.
    #[arg(long)]
    explain: bool,
}

/// A right of the app.
struct Scope {
    name: &'static str,
    /// What breaks without it, and which wider one is not asked for.
    why: &'static str,
    /// The methods of the Web API that need it.
    methods: &'static [&'static str],
}

/// The least that the bot works with.
const SCOPES: [Scope; 5] = [
    Scope { name: "commands", why: "The slash command itself, and the shortcuts.", methods: &[] },
    Scope {
        name: "chat:write",
        why: "Proposals, progress and reports, in channels that the bot was invited to. Not chat:write.public: nobody wants it elsewhere.",
        methods: &["chat.postMessage", "chat.postEphemeral", "chat.update"],
    },
    Scope {
        name: "users:read",
        why: "Who somebody is (guest, deactivated, bot, another organization) before they count as an approver. Not users:read.email: addresses can be taken.",
        methods: &["users.info"],
    },
    Scope {
        name: "im:write",
        why: "Opens the conversation with a person who must be told: an approver, the on-call, whoever asked.",
        methods: &["chat.postMessage"],
    },
    Scope {
        name: "files:write",
        why: "Charts: a run's timeline, how long a service took to answer. Not files:read: the bot reads no file.",
        methods: &["files.getUploadURLExternal", "files.completeUploadExternal"],
    },
];

/// Methods that Slack asks for no right for: the app itself, forms (whoever has the trigger may), the home tab, addresses of messages.
const FREE: [&str; 5] = ["auth.test", "chat.getPermalink", "views.open", "views.publish", "views.update"];

/// Name, whether it is used on a message, handle, description.
const SHORTCUTS: [(&str, bool, &str, &str); 4] = [
    ("Situation", true, "situation", "How things stand, in a window"),
    ("Why did this happen?", true, "why", "The ledger of the run or proposal that this message shows"),
    ("Ask Mayday…", true, "ask", "Any command, where none can be typed"),
    ("Ask Mayday…", false, "ask", "Any command, from anywhere"),
];

/// Prints it.
pub(crate) fn print(args: &Args) -> anyhow::Result<()> {
    let base = args.url.trim_end_matches('/');
    anyhow::ensure!(base.starts_with("https://") && !base.contains(char::is_whitespace), "--url takes what Slack calls: https://HOST");
    print!("{}", if args.explain { explained() } else { manifest(base) });
    Ok(())
}

/// The manifest, as YAML with its reasons.
fn manifest(base: &str) -> String {
    let replace = if base.ends_with(HOST) { "Replace HOST by the host of the stack's outputs (Slack*Url), then paste" } else { "Paste" };
    let shortcuts = SHORTCUTS.iter().fold(String::new(), |mut all, (name, on_message, handle, description)| {
        let kind = if *on_message { "message" } else { "global" };
        _ = write!(all, "    - name: {name}\n      type: {kind}\n      callback_id: {handle}\n      description: {description}\n");
        all
    });
    let scopes = SCOPES.iter().fold(String::new(), |mut all, scope| {
        _ = write!(all, "      # {}\n      - {}\n", scope.why, scope.name);
        all
    });
    format!(
        r##"# The Slack app, made by `mayday manifest`. {replace} it at "Create an app, from a manifest".
# Scopes are the least that the bot works with; each says what breaks without it. docs/slack-app.md has them as a table.
_metadata:
  major_version: 2
  minor_version: 1

display_information:
  name: Mayday
  description: Runs the disaster recovery plan - proposes, asks, does, proves.
  background_color: "#7a1f1f"

features:
  app_home:
    home_tab_enabled: true
    # Runs that wait for a person are sent to that person.
    messages_tab_enabled: true
    messages_tab_read_only_enabled: true
  bot_user:
    display_name: mayday
    always_online: true
  # Slash commands don't work in threads: there, and on phones, these do.
  shortcuts:
{shortcuts}  slash_commands:
    - command: {SLASH}
      url: {base}/slack/commands
      description: Disaster recovery
      usage_hint: alone for the situation, or help
      # Names in a command are resolved to ids by Slack: a name can be taken by anybody, an id can't.
      should_escape: true

oauth_config:
  scopes:
    bot:
{scopes}
settings:
  interactivity:
    is_enabled: true
    # Buttons and forms.
    request_url: {base}/slack/interactions
    # Names of databases and recovery points, where there are too many for a list.
    message_menu_options_url: {base}/slack/interactions
  event_subscriptions:
    request_url: {base}/slack/events
    bot_events:
      # The home tab is drawn when it is opened. No message event: the bot reads no conversation.
      - app_home_opened
  # Tokens that expire would need a call to Slack, and a write to the secret, in the middle of a disaster.
  token_rotation_enabled: false
  # Requests come over HTTP, signed; a socket would need something that runs all the time.
  socket_mode_enabled: false
  org_deploy_enabled: false
"##
    )
}

/// Each right with its reason, as Markdown.
fn explained() -> String {
    let mut out = "# What the Slack app may, and why\n\nMade by `mayday manifest --explain`. `mayday manifest --url https://…` makes what Slack is told.\n\n\
                   | scope | why | for |\n|---|---|---|\n"
        .to_owned();
    for scope in &SCOPES {
        let methods: Vec<String> = scope.methods.iter().map(|method| format!("`{method}`")).collect();
        _ = writeln!(out, "| `{}` | {} | {} |", scope.name, scope.why, methods.join(", "));
    }
    let free: Vec<String> = FREE.iter().map(|method| format!("`{method}`")).collect();
    _ = write!(out, "\nFor these Slack asks for no scope: {}.\n", free.join(", "));
    out
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path};

    use super::*;

    #[test]
    fn what_is_kept_in_the_repository_is_what_is_made() {
        let kept = include_str!("../../infra/slack-manifest.yaml");
        assert!(kept == manifest("https://HOST"), "type `cargo run -p mayday -- manifest > infra/slack-manifest.yaml`");
        let kept = include_str!("../../docs/slack-app.md");
        assert!(kept == explained(), "type `cargo run -p mayday -- manifest --explain > docs/slack-app.md`");
    }

    #[test]
    fn the_doctor_looks_for_the_same_scopes() {
        let mut ours: Vec<&str> = SCOPES.iter().map(|scope| scope.name).collect();
        ours.sort_unstable();
        assert_eq!(ours, mayday_core::doctor::SCOPES);
    }

    /// The methods that the client names: whatever stands in quotation marks right behind one of its three ways to call.
    fn called(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                called(&path, found);
            } else if path.file_name().is_some_and(|name| name != "tests.rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                for way in [".call(\"", ".ask(\"", ".to(\""] {
                    found.extend(text.split(way).skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
                }
            }
        }
    }

    #[test]
    fn each_method_that_is_called_has_its_scope_and_no_scope_is_left_over() {
        let mut called_methods = BTreeSet::new();
        called(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/slack/src"), &mut called_methods);
        let known: BTreeSet<String> =
            SCOPES.iter().flat_map(|scope| scope.methods).chain(&FREE).map(|method| (*method).to_owned()).collect();
        assert_eq!(called_methods, known);
        let idle: Vec<&str> = SCOPES.iter().filter(|scope| scope.methods.is_empty()).map(|scope| scope.name).collect();
        assert_eq!(idle, ["commands"], "the slash command needs its scope without any call");
    }
}
