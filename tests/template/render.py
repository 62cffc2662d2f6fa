"""The stacks as CloudFormation would make them: parameters filled in, conditions judged, children given what their parent hands on.

Only the intrinsic functions that the templates use; another one is an error and not a guess."""

import functools
import re

from conftest import read

ACCOUNT = "111122223333"
PSEUDO = {"AWS::AccountId": ACCOUNT, "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}
NO_VALUE = object()

# How the ARN of a resource follows from its name.
ARNS = {
    "AWS::Events::Rule": ("Name", "arn:aws:events:{region}:{account}:rule/{name}"),
    "AWS::IAM::Role": (None, "arn:aws:iam::{account}:role/{name}"),
    "AWS::Logs::LogGroup": ("LogGroupName", "arn:aws:logs:{region}:{account}:log-group:{name}:*"),
    "AWS::S3::Bucket": ("BucketName", "arn:aws:s3:::{name}"),
    "AWS::SNS::Topic": ("TopicName", "arn:aws:sns:{region}:{account}:{name}"),
    "AWS::SQS::Queue": ("QueueName", "arn:aws:sqs:{region}:{account}:{name}"),
    "AWS::Serverless::Function": ("FunctionName", "arn:aws:lambda:{region}:{account}:function:{name}"),
    "AWS::Serverless::StateMachine": ("Name", "arn:aws:states:{region}:{account}:stateMachine:{name}"),
}
# What `Ref` gives, where that is not the name.
REFS_ARE_ARNS = {"AWS::SNS::Topic", "AWS::Serverless::StateMachine"}


templates = functools.cache(read)


class Stack:
    """One stack and its children."""

    def __init__(self, path, parameters, region="eu-west-1"):
        self.template, self.region = templates(path), region
        declared = self.template.get("Parameters", {})
        assert set(parameters) <= set(declared), f"{path} has no {set(parameters) - set(declared)}"
        self.parameters = {name: parameters.get(name, one.get("Default")) for name, one in declared.items()}
        missing = [name for name, value in self.parameters.items() if value is None]
        assert not missing, f"{path} lacks {missing}"

    def condition(self, name):
        return self.judge(self.template["Conditions"][name])

    def judge(self, node):
        [(how, what)] = node.items()
        match how:
            case "Condition":
                return self.condition(what)
            case "Fn::Not":
                return not self.judge(what[0])
            case "Fn::Or":
                return any(map(self.judge, what))
            case "Fn::Equals":
                return str(self.value(what[0])) == str(self.value(what[1]))
        raise ValueError(f"a condition by {how}")

    def there(self, resource):
        return "Condition" not in resource or self.condition(resource["Condition"])

    @functools.cached_property
    def resources(self):
        """The resources whose conditions hold, by logical name."""
        return {name: one for name, one in self.template["Resources"].items() if self.there(one)}

    def properties(self, name):
        return self.value(self.resources[name].get("Properties", {}))

    @functools.cache
    def child(self, name):
        """A nested stack, made when somebody asks for it: one child is given what another one puts out."""
        one = self.resources[name]["Properties"]
        return Stack(one["Location"], self.value(one["Parameters"]), self.region)

    @property
    def children(self):
        return {name: self.child(name) for name, one in self.resources.items() if one["Type"] == "AWS::Serverless::Application"}

    def output(self, name):
        return self.value(self.template["Outputs"][name]["Value"])

    def everything(self):
        """All resources of this stack and its children: path, type, properties."""
        for name, one in self.resources.items():
            yield name, one["Type"], self.properties(name)
        for child, stack in self.children.items():
            for name, kind, properties in stack.everything():
                yield f"{child}/{name}", kind, properties

    def arn(self, name):
        kind = self.template["Resources"][name]["Type"]
        key, form = ARNS[kind]
        called = self.value(self.template["Resources"][name]["Properties"][key]) if key else name
        return form.format(region=self.region, account=ACCOUNT, name=called)

    def ref(self, name):
        if name == "AWS::NoValue":
            return NO_VALUE
        if name == "AWS::Region":
            return self.region
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self.parameters:
            value = self.parameters[name]
            is_list = self.template["Parameters"][name]["Type"] == "CommaDelimitedList"
            return value.split(",") if is_list and isinstance(value, str) else value
        if name.endswith(".Version"):
            return f"{self.arn(name.removesuffix('.Version'))}:7"
        kind = self.template["Resources"][name]["Type"]
        if kind in REFS_ARE_ARNS:
            return self.arn(name)
        key = ARNS.get(kind, (None,))[0]
        return self.value(self.template["Resources"][name]["Properties"][key]) if key else f"<{name}>"

    def attribute(self, name, attribute):
        if attribute.startswith("Outputs."):
            return self.child(name).output(attribute.removeprefix("Outputs."))
        return self.arn(name) if attribute == "Arn" else f"<{name}.{attribute}>"

    def substitute(self, text):
        def filled(match):
            name, _, attribute = match[1].partition(".")
            return str(self.attribute(name, attribute) if attribute else self.ref(name))

        return re.sub(r"\$\{([\w:.]+)\}", filled, text)

    def value(self, node):
        if isinstance(node, list):
            return [one for one in map(self.value, node) if one is not NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            [(how, what)] = node.items()
            match how:
                case "Ref":
                    return self.ref(what)
                case "Fn::Sub":
                    return self.substitute(what)
                case "Fn::GetAtt":
                    name, attribute = what.split(".", 1) if isinstance(what, str) else what
                    return self.attribute(name, attribute)
                case "Fn::If":
                    return self.value(what[1] if self.condition(what[0]) else what[2])
                case "Fn::Join":
                    return what[0].join(map(str, self.value(what[1])))
            assert not how.startswith("Fn::"), f"no {how} is known here"
        resolved = {key: self.value(one) for key, one in node.items()}
        return {key: one for key, one in resolved.items() if one is not NO_VALUE}


SLACK = {"SlackTeam": "T0MAYDAY", "SlackApp": "A0MAYDAY"}
ZONE = {"HostedZoneArns": "arn:aws:route53:::hostedzone/Z0EXAMPLE"}
DOOR = {"DomainName": "dr.example.com", "DomainZoneId": "Z0DOOR", "CopyFiles": "true"}


@functools.cache
def alone(**more):
    return Stack("template.yaml", SLACK | ZONE | more)


@functools.cache
def primary(**more):
    two = {"Role": "primary", "OtherRegion": "eu-central-1", "WitnessRegion": "eu-west-3"}
    return Stack("template.yaml", SLACK | ZONE | DOOR | two | more)


@functools.cache
def standby(**more):
    two = {"Role": "standby", "OtherRegion": "eu-west-1"}
    return Stack("template.yaml", SLACK | ZONE | DOOR | two | more, region="eu-central-1")
