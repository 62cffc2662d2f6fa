"""A stock slack_sdk reads and writes the workspace."""

import secrets

import pytest
from slack_sdk.errors import SlackApiError


def test_the_bot_knows_who_it_is(stack, slack):
    told = slack.auth_test()
    assert told["user_id"] == stack.state["slack"]["bot_user_id"]
    assert told["team_id"] == "T0MAYDAY01"


def test_channels_and_people_are_listed(slack):
    assert {one["name"] for page in slack.conversations_list() for one in page["channels"]} >= {"recovery", "general"}
    assert {one["name"] for page in slack.users_list() for one in page["members"]} >= {"ana", "bob", "carol", "dave"}
    assert slack.users_info(user="U0ANA00001")["user"]["name"] == "ana"


def test_a_message_is_posted_answered_edited_and_read(slack):
    words = f"by a stock client {secrets.token_hex(4)}"
    posted = slack.chat_postMessage(channel="C0RECOVERY", text=words)
    slack.chat_postMessage(channel="C0RECOVERY", text="in the thread", thread_ts=posted["ts"])
    slack.chat_update(channel="C0RECOVERY", ts=posted["ts"], text=f"{words}, edited")
    read = [one["text"] for page in slack.conversations_history(channel="C0RECOVERY") for one in page["messages"]]
    assert f"{words}, edited" in read and "in the thread" not in read
    thread = slack.conversations_replies(channel="C0RECOVERY", ts=posted["ts"])["messages"]
    assert [one["text"] for one in thread] == [f"{words}, edited", "in the thread"]


def test_slack_refuses_as_slack_does(stack, slack):
    with pytest.raises(SlackApiError) as refused:
        slack.chat_postMessage(channel="CNOWHERE", text="lost")
    assert refused.value.response["error"] == "channel_not_found"
    with pytest.raises(SlackApiError) as refused:
        type(slack)(token="xoxb-wrong", base_url=stack.url + "/slack/api/").auth_test()
    assert refused.value.response["error"] == "invalid_auth"
    with pytest.raises(SlackApiError) as refused:
        slack.views_open(trigger_id="1.2.dead", view={"type": "modal", "title": {"type": "plain_text", "text": "x"}, "blocks": []})
    assert refused.value.response["error"] in {"invalid_trigger_id", "expired_trigger_id"}
