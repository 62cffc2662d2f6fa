"""A local stack of its own for these tests, and stock clients that know nothing of it but its address."""

import json
import os
import pathlib
import subprocess
import urllib.request

import boto3
import pytest
from botocore.config import Config
from slack_sdk import WebClient

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("MAYDAY_BINARY") or pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "mayday"


class Stack:
    """A running stack: its address, and the people who sit at its console."""

    def __init__(self, url):
        self.url = url
        self.state = self.get("/local/state")

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:
            return json.load(answer)

    def post(self, path, body):
        request = urllib.request.Request(self.url + path, data=json.dumps(body).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def act(self, person, deed, **details):
        """Does what a person does in the console; answers with the messages and views that changed because of it."""
        return self.post("/local/act", {"as": person, "do": deed, **details})

    def aws(self, service):
        """A stock client: only the endpoint and the credentials are not AWS's own."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="eu-west-1",
            aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
            aws_secret_access_key="secret",
            config=Config(retries={"max_attempts": 1}),
        )

    def slack(self):
        return WebClient(token=self.state["slack"]["bot_token"], base_url=self.url + "/slack/api/")


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    data = tmp_path_factory.mktemp("stack")
    errors = data / "stderr"
    with errors.open("w") as log:
        process = subprocess.Popen([BINARY, "local", "--port", "0", "--data", data / "data"], stdout=subprocess.PIPE, stderr=log, text=True)
    ready = next((line for line in process.stdout if line.startswith("ready ")), None)
    assert ready, f"the stack did not start:\n{errors.read_text()}"
    yield Stack(ready.split()[1])
    process.terminate()
    process.wait(timeout=30)


@pytest.fixture(scope="session")
def aws(stack):
    clients = {}
    return lambda service: clients.setdefault(service, stack.aws(service))


@pytest.fixture(scope="session")
def slack(stack):
    return stack.slack()
