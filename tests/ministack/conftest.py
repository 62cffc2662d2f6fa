"""The template deployed to MiniStack, on this machine's loopback: what SAM makes of it, with the zips and the architecture of this machine.

MiniStack is somebody else's reading of AWS. What it does not know is left out by name in `UNKNOWN`, and nothing else is changed."""

import io
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time
import zipfile

import boto3
import pytest
from botocore.config import Config

from cfnlint.decode.cfn_yaml import load
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from slack import APP, TEAM, Slack

ROOT = pathlib.Path(__file__).resolve().parents[2]
FUNCTIONS = ["ingress", "worker", "runner", "scheduler", "inspector"]
PARAMETERS = {"Name": "mayday", "SlackTeam": TEAM, "SlackApp": APP}

MINISTACK = ROOT / "target" / "tools" / "ministack" / "bin" / "ministack"
BINARIES = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug"
REGION = "eu-west-1"
# Types that MiniStack 1.5 does not make. Runs are then started on the state machine itself.
UNKNOWN = {"AWS::StepFunctions::StateMachineVersion", "AWS::StepFunctions::StateMachineAlias"}
KEYS = {"slack_signing_secret": "8f742231b10e8888abcd99yyyzzz85a5", "slack_bot_token": "xoxb-0000-mayday"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(look, seconds=60):
    """What `look` finds, as soon as it finds something."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, f"not within {seconds} s: {look.__doc__ or look}"
        time.sleep(0.2)
    return found


class Account:
    """MiniStack, running."""

    def __init__(self, port, folder):
        self.url, self.folder = f"http://127.0.0.1:{port}", folder

    def aws(self, service):
        return boto3.client(
            service, endpoint_url=self.url, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test", config=Config(retries={"max_attempts": 1})
        )


@pytest.fixture(scope="session")
def account(tmp_path_factory):
    folder, port = tmp_path_factory.mktemp("ministack"), free_port()
    # Its defaults listen on all interfaces.
    given = {"BIND_HOST": "127.0.0.1", "MINISTACK_HOST": "127.0.0.1", "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0"}
    given |= {"GATEWAY_PORT": str(port), "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "LAMBDA_EXECUTOR": "local", "TMPDIR": str(folder)}
    variables = os.environ | given
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([MINISTACK], cwd=folder, env=variables, stdout=log, stderr=subprocess.STDOUT)
    account = Account(port, folder)

    def answers():
        """MiniStack answers"""
        assert process.poll() is None, (folder / "log").read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    eventually(answers)
    yield account
    process.terminate()
    process.wait(timeout=30)


@pytest.fixture(scope="session")
def slack():
    with Slack() as slack:
        yield slack


def zipped(binary, folder):
    """The function's zip, as `sam build` lays it out. Without the debugger's symbols, which would be most of it."""
    bootstrap = folder / "bootstrap"
    shutil.copy(binary, bootstrap)
    subprocess.run(["strip", bootstrap], check=True)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr, entry.compress_type = 0o755 << 16, zipfile.ZIP_DEFLATED
        out.writestr(entry, bootstrap.read_bytes(), compresslevel=1)
    return packed.getvalue()


def upload(path, uploaded, account, slack):
    """Uploads a template as it is deployed: local paths are addresses, SAM's resources CloudFormation's."""
    template = json.loads(json.dumps(load(str(ROOT / path)), default=str))
    for name, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            properties["CodeUri"] = {"Bucket": "artifacts", "Key": f"{name.lower()}.zip"}
            properties["Architectures"] = ["x86_64"]
            # The two variables that no deployment has: where Slack is, and AWS.
            variables = properties.setdefault("Environment", {}).setdefault("Variables", {})
            variables |= {"SLACK_API_URL": slack.url, "AWS_ENDPOINT_URL": account.url}
        if "DefinitionUri" in properties:
            properties["DefinitionUri"] = {"Bucket": "artifacts", "Key": "run.asl.json"}
        if resource["Type"] == "AWS::Serverless::Application":
            properties["Location"] = f"{account.url}/artifacts/{properties['Location']}"
    whole = Translator({}, Parser()).translate(template, PARAMETERS) if "Transform" in template else template
    whole.pop("Transform", None)
    gone = {name for name, resource in whole["Resources"].items() if resource["Type"] in UNKNOWN}
    for name in gone:
        del whole["Resources"][name]
    text = json.dumps(whole)
    for name in gone:
        text = text.replace(json.dumps({"Ref": name}), json.dumps({"Ref": "Run"}))
    text = text.replace("-run:live", "-run") if gone or path == "template.yaml" else text
    uploaded.put_object(Bucket="artifacts", Key=path, Body=text.encode())


def deployed(account, name, path, parameters):
    """A stack of a template that was uploaded: its outputs by name."""
    cloudformation = account.aws("cloudformation")
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    cloudformation.create_stack(StackName=name, TemplateURL=f"{account.url}/artifacts/{path}", Parameters=given, Capabilities=["CAPABILITY_IAM"])

    def ended():
        """the stack is made"""
        [found] = cloudformation.describe_stacks(StackName=name)["Stacks"]
        return None if found["StackStatus"].endswith("_IN_PROGRESS") else found

    found = eventually(ended, 120)
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    why = [f"{e['LogicalResourceId']}: {e.get('ResourceStatusReason')}" for e in events if e["ResourceStatus"].endswith("FAILED")]
    assert found["StackStatus"] == "CREATE_COMPLETE", "\n".join(why)
    return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}


@pytest.fixture(scope="session")
def stack(account, slack):
    """The installation: its outputs by name."""
    files, work = account.aws("s3"), account.folder / "work"
    work.mkdir()
    files.create_bucket(Bucket="artifacts", CreateBucketConfiguration={"LocationConstraint": REGION})
    for name in FUNCTIONS:
        files.put_object(Bucket="artifacts", Key=f"{name}.zip", Body=zipped(BINARIES / name, work))
    files.put_object(Bucket="artifacts", Key="run.asl.json", Body=(ROOT / "infra" / "run.asl.json").read_bytes())
    for path in sorted((ROOT / "infra").glob("*.yaml")):
        if path.name != "slack-manifest.yaml":
            upload(f"infra/{path.name}", files, account, slack)
    account.aws("secretsmanager").create_secret(Name="mayday/keys", SecretString=json.dumps(KEYS))
    upload("template.yaml", files, account, slack)
    return deployed(account, "mayday", "template.yaml", PARAMETERS)

