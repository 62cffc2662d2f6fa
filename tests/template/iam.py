"""What IAM would decide: an evaluator for the statements and conditions that the roles use, over ARNs with everything filled in.

A call is allowed when a statement allows it and none denies it, in the role and in its boundary:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html. What is not known here is an error, never a yes."""

import functools
import re
from fnmatch import translate

from conftest import as_list


@functools.cache
def compiled(pattern):
    return re.compile(translate(pattern.replace("[", "[[]")))


def like(pattern, value):
    """IAM's wildcards: `*` and `?`, and nothing else."""
    return compiled(pattern).fullmatch(value) is not None


def arn_like(pattern, value):
    """As `like`, part by part: a wildcard of one part reaches into no other, but for the last."""
    patterns, values = pattern.split(":", 5), value.split(":", 5)
    return len(patterns) == len(values) and all(like(p, v) for p, v in zip(patterns, values, strict=True))


OPERATORS = {
    "StringEquals": lambda wanted, value: wanted == value,
    "StringLike": like,
    "ArnEquals": arn_like,
    "ArnLike": arn_like,
    "Bool": lambda wanted, value: wanted.lower() == value.lower(),
}


def holds(operator, key, wanted, context):
    """Whether one condition on one key holds. A key that the call does not have fulfils only what asks for its absence, a negation,
    `…IfExists` or `ForAllValues`."""
    wanted = [str(one) for one in as_list(wanted)]
    if operator == "Null":
        return (key not in context) == (wanted[0].lower() == "true")
    if operator == "StringNotEquals":
        return context.get(key) not in wanted
    if operator.startswith("ForAnyValue:"):
        test = OPERATORS[operator.removeprefix("ForAnyValue:")]
        return any(test(w, value) for value in as_list(context.get(key, [])) for w in wanted)
    if operator.startswith("ForAllValues:"):
        test = OPERATORS[operator.removeprefix("ForAllValues:")]
        return all(any(test(w, value) for w in wanted) for value in as_list(context.get(key, [])))
    if operator.endswith("IfExists"):
        return key not in context or holds(operator.removesuffix("IfExists"), key, wanted, context)
    test = OPERATORS[operator]
    return key in context and any(test(w, context[key]) for w in wanted)


def matches(statement, action, resource, context):
    assert not {"NotAction", "NotResource", "NotPrincipal"} & set(statement), "not known here"
    return (
        any(like(one.lower(), action.lower()) for one in as_list(statement["Action"]))
        and any(one == "*" or arn_like(one, resource) for one in as_list(statement["Resource"]))
        and all(holds(op, key, wanted, context) for op, keys in statement.get("Condition", {}).items() for key, wanted in keys.items())
    )


def allows(statements, action, resource, context=None, boundary=None):
    """Whether a role with these statements may make this call on this resource."""
    context = context or {}
    for policy in [statements, boundary] if boundary is not None else [statements]:
        effects = {one["Effect"] for one in policy if matches(one, action, resource, context)}
        if effects != {"Allow"}:
            return False
    return True
