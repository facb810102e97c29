"""The IAM actions, resources and leading keys that a call needs (Service Authorization Reference) and a role grants."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, NamedTuple

from tests.contract.template import of_type, properties, template
from tests.integration.resolving import ACCOUNT, REGION, Resolver

_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}


_TABLES = ("Table", "LedgerTable")
_LEADING_KEYS = "dynamodb:LeadingKeys"
"""The partition keys that a call names; those of an index, where it reads one."""


class Wanted(NamedTuple):
    """An action on a resource, of a table on items of these partition keys: what one authorization asks for."""

    action: str
    resource: str
    leading_keys: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join([self.action, self.resource, *self.leading_keys])


class Grant(NamedTuple):
    """A statement's part for one action and resource; patterns of partition keys, and whether one must be there."""

    action: str
    resource: str
    patterns: tuple[str, ...] = ("*",)
    key_needed: bool = False


@dataclass(frozen=True)
class Call:
    """A call of a function to AWS."""

    caller: str
    service: str
    operation: str
    params: dict[str, Any]


def actions_of(call: Call, stack: Resolver) -> set[Wanted]:  # one for each service
    """The actions that the caller's role must grant for this call."""
    if (looked := _look(call)) is not None:
        return {looked}
    found: set[Wanted] = set()
    match call.service:
        case "dynamodb":
            arns = {made["Ref"]: made["Arn"] for name, made in stack.made.items() if name in _TABLES and "Ref" in made}
            found = set(_dynamodb(call, arns))
        case "sqs":
            queue = call.params["QueueUrl"].rsplit("/", 1)[1]
            # What is sent in batches is sent: there is no action of its own for it.
            action = f"sqs:{call.operation.removesuffix('Batch')}"
            found = {Wanted(action, f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}")}
        case "secretsmanager" | "s3":
            found = set(_kept(call))
        case "events":
            buses = {entry["EventBusName"] for entry in call.params["Entries"]}
            found = {Wanted(f"events:{call.operation}", _arn("events", f"event-bus/{name}")) for name in buses}
        case "scheduler":
            found = set(_scheduled(call))
        case "pinpoint-sms-voice-v2" | "sns" | "cognito-idp":
            found = {_named(call, stack)}
        case "sesv2":
            found = set(_mailed(call))
        case _:
            raise AssertionError(f"no rule says what {call.service}:{call.operation} needs")
    return found


def _scheduled(call: Call) -> Iterator[Wanted]:
    yield Wanted(
        f"scheduler:{call.operation}", _arn("scheduler", f"schedule/{call.params['GroupName']}/{call.params['Name']}")
    )
    if passed := call.params.get("Target", {}).get("RoleArn"):
        yield Wanted("iam:PassRole", passed)


def _mailed(call: Call) -> Iterator[Wanted]:
    domain = call.params["FromEmailAddress"].rstrip(">").rpartition("@")[2]
    for name in (f"identity/{domain}", f"configuration-set/{call.params['ConfigurationSetName']}"):
        yield Wanted(f"ses:{call.operation}", _arn("ses", name))


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def _look(call: Call) -> Wanted | None:
    """A look at how the stack is, which concerns no record of a customer; None for any other call."""
    asked = {"sesv2": "ses"}.get(call.service, call.service)
    match call.service, call.params:
        case "cloudformation", {"StackName": str(name)}:
            place = _arn("cloudformation", f"stack/{name}/1")
        case "logs", {"logGroupName": str(name)}:
            place = _arn("logs", f"log-group:{name}:*")
        case "sns", {"TopicArn": str(place)} if call.operation == "ListSubscriptionsByTopic":
            pass
        case "sesv2", {"EmailIdentity": str(name)}:
            place = _arn("ses", f"identity/{name}")
        case "sesv2", {"ConfigurationSetName": str(name)} if call.operation != "SendEmail":
            place = _arn("ses", f"configuration-set/{name}")
        case ("cloudwatch", _):
            place = "*"
        case _:
            if call.operation not in {"GetAccount", "ListSchedules"}:
                return None
            place = "*"
    return Wanted(f"{asked}:{call.operation}", place)


def _kept(call: Call) -> Iterator[Wanted]:
    """A call that deletes several objects needs the permission for each of them.

    Who may not list a bucket is told that an object is forbidden where it is missing.
    """
    if call.service != "s3":
        yield Wanted(f"secretsmanager:{call.operation}", call.params["SecretId"])
        return
    if call.operation.startswith("List"):
        yield Wanted("s3:ListBucket", f"arn:aws:s3:::{call.params['Bucket']}")
        return
    action = call.operation.replace("Objects", "Object").replace("HeadObject", "GetObject")
    if action == "GetObject":
        yield Wanted("s3:ListBucket", f"arn:aws:s3:::{call.params['Bucket']}")
    several = [one["Key"] for one in call.params.get("Delete", {}).get("Objects", ())]
    for key in several or [call.params["Key"]]:
        yield Wanted(f"s3:{action}", f"arn:aws:s3:::{call.params['Bucket']}/{key}")


def _named(call: Call, stack: Resolver) -> Wanted:
    """A number has no ARN: whoever may publish to one may to all."""
    if call.service == "cognito-idp":
        return Wanted(f"cognito-idp:{call.operation}", stack.made["ConsoleUsers"]["Arn"])
    if call.service == "sns":
        return Wanted(f"sns:{call.operation}", "*")
    return Wanted(f"sms-voice:{call.operation}", call.params["OriginationIdentity"])


def _dynamodb(call: Call, arns: Mapping[str, str]) -> Iterator[Wanted]:
    """One per member of a transaction; a batch asks once for all its keys of a table, which one statement must cover.

    `arns` are those of the tables, by name; a call that names none is one to the first.
    """
    first = next(iter(arns.values()))
    if call.operation == "TransactWriteItems":
        for kind, part in (part for item in call.params["TransactItems"] for part in item.items()):
            arn = arns[part["TableName"]] if "TableName" in part else first
            yield Wanted(f"dynamodb:{_TRANSACTION[kind]}", arn, (_key(part),))
        return
    (name,) = call.params["RequestItems"] if "RequestItems" in call.params else (call.params.get("TableName"),)
    arn, index = arns.get(name, first), call.params.get("IndexName")
    resource = f"{arn}/index/{index}" if index else arn
    yield Wanted(f"dynamodb:{call.operation}", resource, tuple(sorted(set(_leading_keys(call.params)))))


def _leading_keys(params: Mapping[str, Any]) -> Iterator[str]:
    """The partition keys that a call names, those of the index where it reads one; a Scan names none."""
    match params:
        case {"RequestItems": requests}:
            for keys in requests.values():
                items = keys["Keys"] if isinstance(keys, dict) else [one for each in keys for one in each.values()]
                yield from map(_key, items)
        case {"KeyConditionExpression": condition}:
            partition = re.findall(r"= (:\w+)", condition)[0]
            yield params["ExpressionAttributeValues"][partition]["S"]
        case {"Key": _} | {"Item": _}:
            yield _key(params)


def _key(part: Mapping[str, Any]) -> str:
    item = part.get("Item") or part.get("Key") or part
    return str(item["pk"]["S"])


def allows(grant: Grant, wanted: Wanted) -> bool:
    """Whether the statement covers the call: `ForAllValues` passes where no key is named, and `Null` does not."""
    return (
        grant.action == wanted.action
        and fnmatchcase(wanted.resource, grant.resource)
        and (bool(wanted.leading_keys) or not grant.key_needed)
        and all(any(map(partial(fnmatchcase, key), grant.patterns)) for key in wanted.leading_keys)
    )


def grants_of(function: str, stack: Resolver) -> set[Grant]:
    """All that the function's role grants."""
    role = "".join(word.title() for word in function.split("_")) + "Role"
    policies = [*properties(role)["Policies"], *_attached(role, stack)]
    statements = [one for policy in policies for one in policy["PolicyDocument"]["Statement"]]
    return {
        Grant(action, resource, *_leading(statement.get("Condition", {})))
        for statement in statements
        if statement["Effect"] == "Allow"
        for action in _listed(statement["Action"])
        for resource in _listed(stack.resolve(statement["Resource"]))
    }


def _leading(condition: Mapping[str, Any]) -> tuple[tuple[str, ...], bool]:
    """The patterns of partition keys, and whether a key must be there."""
    tests = {operator: _listed(test[_LEADING_KEYS]) for operator, test in condition.items() if _LEADING_KEYS in test}
    key_needed = tests.pop("Null", None) == ["false"]
    assert set(tests) <= {"ForAllValues:StringLike"}, f"nobody here evaluates {sorted(tests)}"
    return tuple(tests.get("ForAllValues:StringLike", ("*",))), key_needed


def _attached(role: str, stack: Resolver) -> Iterator[Any]:
    """Policies of their own that name this role, where their condition holds."""
    for logical in of_type("AWS::IAM::Policy"):
        condition = template()["Resources"][logical].get("Condition")
        if {"Ref": role} in properties(logical)["Roles"] and (condition is None or stack.holds(condition)):
            yield properties(logical)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
