"""As much of Slack as a command needs: it knows the people of plans/demo.yaml, takes messages, and signs requests."""

import hashlib
import hmac
import json
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TEAM, APP, CHANNEL = "T0MAYDAY01", "A0MAYDAY01", "C0RECOVERY"


class Slack:
    """Slack's Web API on loopback. `calls` has what was asked of it: method and arguments."""

    def __init__(self):
        self.calls, slack = [], self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802 - the library's name
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                kind = self.headers.get("Content-Type", "")
                given = json.loads(body or "{}") if "json" in kind else dict(urllib.parse.parse_qsl(body))
                path, _, query = self.path.partition("?")
                answer = slack.answer(path.rsplit("/", 1)[1], given | dict(urllib.parse.parse_qsl(query)))
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            do_GET = do_POST  # noqa: N815

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/api/"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()

    def answer(self, method, given):
        self.calls.append((method, given))
        ts = f"{time.time():.6f}"
        match method:
            case "users.info":
                person = {"id": given["user"], "team_id": TEAM, "name": given["user"].lower(), "real_name": given["user"], "deleted": False, "is_bot": False}
                return {"ok": True, "user": person | {"is_restricted": False, "is_ultra_restricted": False, "is_stranger": False, "profile": {}}}
            case "chat.postMessage" | "chat.update":
                return {"ok": True, "channel": given.get("channel"), "ts": given.get("ts", ts), "message": {"ts": ts}}
            case "conversations.open":
                return {"ok": True, "channel": {"id": "D0" + given["users"][2:]}}
            case "views.open" | "views.update" | "views.push":
                return {"ok": True, "view": {"id": "V0FORM", "hash": "1"}}
        return {"ok": True}

    def asked(self, method, words):
        """The arguments of the newest call of this method that has these words in it."""
        found = [given for one, given in self.calls if one == method and words in json.dumps(given, ensure_ascii=False)]
        return found[-1] if found else None


def signed(url, gateway, secret, body, at=None):
    """Posts as Slack does to a function URL, which the gateway serves by its host; answers with status and body."""
    address = urllib.parse.urlsplit(url)
    stamp = str(int(at if at is not None else time.time()))
    mac = hmac.new(secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={mac}", "Host": address.netloc}
    request = urllib.request.Request(gateway + address.path, data=body.encode(), headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def command(text, user):
    """The body of a slash command."""
    return urllib.parse.urlencode(
        {
            "team_id": TEAM,
            "api_app_id": APP,
            "channel_id": CHANNEL,
            "user_id": user,
            "command": "/dr",
            "text": text,
            "trigger_id": f"{time.time_ns()}.1.x",
            "response_url": "https://hooks.slack.com/commands/T0MAYDAY01/1/x",
        }
    )


def interaction(user, **what):
    """The body of what somebody does with a button or a form."""
    who = {"id": user, "team_id": TEAM, "username": user.lower(), "name": user.lower()}
    common = {"team": {"id": TEAM, "domain": "example"}, "user": who, "api_app_id": APP, "trigger_id": f"{time.time_ns()}.1.x", "enterprise": None}
    return urllib.parse.urlencode({"payload": json.dumps(common | what)})


def click(user, button, message_ts):
    """Presses a button of a message in the channel."""
    message = {"channel": {"id": CHANNEL, "name": "recovery"}, "message": {"type": "message", "ts": message_ts, "text": ""}}
    container = {"type": "message", "message_ts": message_ts, "channel_id": CHANNEL, "is_ephemeral": False}
    action = {"type": "button", "block_id": "decide", "action_ts": f"{time.time():.6f}", "action_id": button["action_id"], "value": button["value"]}
    return interaction(user, type="block_actions", container=container, actions=[action], response_url="https://hooks.slack.com/actions/T0MAYDAY01/1/x", **message)


def submit(user, view, phrase):
    """Sends the form that was opened, with the phrase typed into it."""
    state = {"values": {"phrase": {"phrase": {"type": "plain_text_input", "value": phrase}}}}
    filled = view | {"id": "V0FORM", "team_id": TEAM, "hash": "1", "state": state, "app_id": APP, "bot_id": "B0MAYDAY", "root_view_id": "V0FORM"}
    return interaction(user, type="view_submission", view=filled)
