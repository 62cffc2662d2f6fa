"""The SAM template transforms, and says what the functions, the local stack and Slack rely on."""

import re

import pytest
from conftest import FUNCTIONS, ROOT, read, transform
from render import alone, standby

FILES = ["template.yaml", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "infra").glob("*.yaml") if path.name != "slack-manifest.yaml")]

# Set by the local stack only: on AWS the real addresses and the real clock are the defaults.
LOCAL_ONLY = {"MAYDAY_CLOCK", "MAYDAY_DNS_SERVERS"}
# For databases that have other certificates than those of RDS; what is the case without them is right on AWS.
OPTIONAL = {"MAYDAY_DATABASE_ROOTS", "MAYDAY_DATABASE_TLS"}


def functions(transformed):
    return {name.lower(): r["Properties"] for name, r in transformed["Resources"].items() if r["Type"] == "AWS::Lambda::Function"}


def variables(function):
    return set(function.get("Environment", {}).get("Variables", {}))


@pytest.mark.parametrize("path", FILES)
def test_every_template_transforms(path):
    assert transform(path)["Resources"]


def test_functions_are_lean_arm_binaries_with_names_that_others_rely_on(transformed):
    found = functions(transformed)
    assert sorted(found) == sorted(FUNCTIONS)
    for name, function in found.items():
        assert function["FunctionName"] == {"Fn::Sub": "${Name}-" + name}
        assert (function["Runtime"], function["Handler"], function["Architectures"]) == ("provided.al2023", "bootstrap", ["arm64"])


def test_each_function_has_a_role_and_a_log_of_its_own(transformed):
    for name, function in functions(transformed).items():
        assert function["Role"] == {"Fn::GetAtt": ["Roles", f"Outputs.{name.capitalize()}Role"]}
        assert function["LoggingConfig"]["LogGroup"] == {"Ref": f"{name.capitalize()}Log"}
    logs = [r for r in transformed["Resources"].values() if r["Type"] == "AWS::Logs::LogGroup"]
    assert len(logs) == len(FUNCTIONS)
    assert all("RetentionInDays" in log["Properties"] for log in logs)


def test_each_function_is_built_as_a_package_of_its_own_without_the_features_of_others(template):
    for name in FUNCTIONS:
        function = template["Resources"][name.capitalize()]
        if name == "ingress":
            # Linked statically, which the other builder has no choice of: by a makefile that goes into the package's folder itself.
            assert function["Metadata"] == {"BuildMethod": "makefile", "WorkingDirectory": "."}
            recipe = (ROOT / "functions/ingress/Makefile").read_text()
            assert "\tcd functions/ingress && cargo lambda build --release --locked --bin ingress --target aarch64-unknown-linux-musl\n" in recipe
        else:
            assert function["Metadata"] == {"BuildMethod": "rust-cargolambda", "BuildProperties": {"Binary": name}}
        # From the workspace's folder cargo would unite the features of all packages.
        assert function["Properties"]["CodeUri"] == f"functions/{name}"
        assert f'name = "{name}"' in (ROOT / "functions" / name / "Cargo.toml").read_text()


def test_slack_reaches_ingress_without_aws_credentials(transformed):
    """A function URL that is open to all needs two permissions since October 2025."""
    resources = transformed["Resources"].values()
    assert [r["Properties"]["AuthType"] for r in resources if r["Type"] == "AWS::Lambda::Url"] == ["NONE"]
    permissions = [r["Properties"] for r in resources if r["Type"] == "AWS::Lambda::Permission"]
    permissions = [p for p in permissions if p["Principal"] == "*"]
    assert {p["Action"] for p in permissions} == {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"}
    assert all(p["FunctionName"] == {"Ref": "Ingress"} for p in permissions)
    assert [p["InvokedViaFunctionUrl"] for p in permissions if p["Action"] == "lambda:InvokeFunction"] == [True]


def test_replies_and_reports_reach_the_worker_from_the_topic_of_our_own_account_only(transformed):
    resources = transformed["Resources"]
    permissions = [r["Properties"] for r in resources.values() if r["Type"] == "AWS::Lambda::Permission"]
    [permission] = [p for p in permissions if p["Principal"] == "sns.amazonaws.com"]
    assert (permission["FunctionName"], permission["SourceArn"]) == ({"Ref": "Worker"}, {"Ref": "SmsReplies"})
    assert permission["SourceAccount"] == {"Ref": "AWS::AccountId"}
    [publishers] = resources["SmsRepliesPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert publishers["Principal"] == {"Service": ["ses.amazonaws.com", "sms-voice.amazonaws.com"]}
    assert publishers["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}


def test_a_request_that_the_worker_cannot_handle_reaches_the_scheduler(transformed):
    config = transformed["Resources"]["WorkerEventInvokeConfig"]["Properties"]
    assert (config["MaximumRetryAttempts"], config["MaximumEventAgeInSeconds"]) == (2, 300)
    assert config["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": ["Scheduler", "Arn"]}


def test_the_tick_states_its_own_time_and_is_not_lost():
    sweep = read("infra/schedules.yaml")["Resources"]["Sweep"]["Properties"]
    assert sweep["ScheduleExpression"] == "rate(1 minute)"
    assert sweep["Target"]["Input"] == '{"tick":"sweep","scheduled_time":"<aws.scheduler.scheduled-time>"}'
    assert sweep["Target"]["DeadLetterConfig"]["Arn"] == {"Ref": "DeadLettersArn"}
    assert sweep["Target"]["RetryPolicy"]["MaximumRetryAttempts"] > 0


def test_memory_outlives_the_stack():
    resources = read("infra/data.yaml")["Resources"]
    table = resources["Table"]["Properties"]
    assert table["DeletionProtectionEnabled"] is True
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["KeySchema"] == [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    assert resources["Bucket"]["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
    assert all(resources[name]["DeletionPolicy"] == "Retain" for name in ("Table", "Bucket"))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_environment_has_what_the_function_reads(transformed, name):
    source = "\n".join(path.read_text() for path in (ROOT / "functions" / name / "src").rglob("*.rs"))
    read_names = set(re.findall(r'"(MAYDAY_[A-Z_]+)"', source))
    assert read_names - LOCAL_ONLY - OPTIONAL <= variables(functions(transformed)[name])


def test_the_local_stack_stops_functions_when_aws_would(transformed):
    source = (ROOT / "local" / "src" / "functions.rs").read_text()
    local = {name: int(seconds) for name, seconds in re.findall(r'function\("(\w+)", (\d+),', source)}
    assert local == {name: function["Timeout"] for name, function in functions(transformed).items()}


def test_no_function_has_variables_of_the_local_stack(transformed):
    for function in functions(transformed).values():
        assert not variables(function) & (LOCAL_ONLY | {"AWS_ENDPOINT_URL", "SLACK_API_URL"})


def test_j10_silence_is_an_alarm_within_ten_minutes_that_needs_nothing_of_the_bot():
    resources = read("infra/alarms.yaml")["Resources"]
    missing = resources["SweepMissing"]["Properties"]
    assert (missing["MetricName"], missing["ComparisonOperator"], missing["TreatMissingData"]) == ("Invocations", "LessThanThreshold", "breaching")
    assert missing["Namespace"] == "AWS/Lambda" and missing["Period"] * missing["EvaluationPeriods"] <= 600
    # It goes to people by a topic of its own, and through no function of ours.
    assert missing["AlarmActions"] == [{"Ref": "Topic"}]
    subscriptions = [r["Properties"] for r in resources.values() if r["Type"] == "AWS::SNS::Subscription" and r["Properties"]["TopicArn"] == {"Ref": "Topic"}]
    assert "email" in {subscription["Protocol"] for subscription in subscriptions}


def test_outputs_name_the_addresses_that_slack_and_pagerduty_are_given():
    wanted = {
        "SlackCommandsUrl": "slack/commands",
        "SlackInteractionsUrl": "slack/interactions",
        "SlackEventsUrl": "slack/events",
        "PagerdutyEventsUrl": "pagerduty/events",
    }
    for stack, host in [(alone(), "<IngressUrl.FunctionUrl>"), (standby(), "https://dr.example.com/")]:
        assert {name: stack.output(name).removeprefix(host) for name in stack.template["Outputs"] if name.endswith("Url")} == wanted


def test_children_are_given_every_parameter_that_they_ask_for(template):
    for resource in template["Resources"].values():
        if resource["Type"] != "AWS::Serverless::Application":
            continue
        child = read(resource["Properties"]["Location"])
        wanted = {name for name, p in child["Parameters"].items() if "Default" not in p}
        given = set(resource["Properties"]["Parameters"])
        assert wanted <= given <= set(child["Parameters"])


def test_children_have_every_output_that_is_read(template):
    read_outputs = re.findall(r"'Fn::GetAtt': \['(\w+)', 'Outputs\.(\w+)'\]", str(template))
    assert read_outputs
    for child, output in read_outputs:
        assert output in read(template["Resources"][child]["Properties"]["Location"])["Outputs"], f"{child}.{output}"
