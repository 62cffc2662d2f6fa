"""The Slack app's manifest: Slack is told the addresses that the stack has, and asked for no more rights than are used."""

import re

import yaml
from conftest import ROOT
from render import alone, primary

MANIFEST = yaml.safe_load((ROOT / "infra" / "slack-manifest.yaml").read_text())
SETTINGS = MANIFEST["settings"]


def test_request_addresses_are_the_stacks_outputs():
    told = {
        MANIFEST["features"]["slash_commands"][0]["url"],
        SETTINGS["interactivity"]["request_url"],
        SETTINGS["interactivity"]["message_menu_options_url"],
        SETTINGS["event_subscriptions"]["request_url"],
    }
    for stack, host in [(alone(), "<IngressUrl.FunctionUrl>"), (primary(), "https://dr.example.com/")]:
        outputs = {stack.output(name) for name in stack.template["Outputs"] if name.startswith("Slack")}
        assert {url.replace("https://HOST/", host) for url in told} == outputs


def test_scopes_are_the_least():
    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) == {"commands", "chat:write", "users:read", "im:write", "files:write"}
    assert "user" not in MANIFEST["oauth_config"]["scopes"]


def test_the_doctor_and_the_local_workspace_have_the_same_scopes():
    asked = set(MANIFEST["oauth_config"]["scopes"]["bot"])
    for path, begin in [("shared/core/src/doctor/slack.rs", "SCOPES: [&str; 5] = ["), ("local/src/slack/workspace.rs", "scopes: [")]:
        listed = (ROOT / path).read_text().split(begin, 1)[1].split("]", 1)[0]
        assert set(re.findall(r'"([a-z:]+)"', listed)) == asked, path


def test_the_bot_reads_no_conversation():
    assert SETTINGS["event_subscriptions"]["bot_events"] == ["app_home_opened"]


def test_shortcuts_are_answered_and_the_local_stack_has_the_same():
    declared = {(one["callback_id"], one["name"], one["type"] == "message") for one in MANIFEST["features"]["shortcuts"]}
    answered = (ROOT / "shared" / "core" / "src" / "desk" / "shortcut.rs").read_text()
    assert all(f'"{callback}" =>' in answered for callback, _, _ in declared)
    local = (ROOT / "local" / "src" / "slack" / "workspace.rs").read_text()
    found = re.findall(r'\("(\w+)", "([^"]+)", (true|false)\)', local)
    assert {(callback, name, on_message == "true") for callback, name, on_message in found} == declared
