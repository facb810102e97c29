"""The IAM actions, resources and leading keys that a call needs (Service Authorization Reference) and a role grants."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from tests.contract.template import of_type, properties, template
from tests.integration.resolving import ACCOUNT, REGION, Resolver

_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}


_LEADING_KEYS = "dynamodb:LeadingKeys"
"""The partition keys that a call names; those of an index, where it reads one."""


class Grant(NamedTuple):
    """An action on a resource, of a table on items of one partition key; a grant may hold wildcards."""

    action: str
    resource: str
    leading_key: str = ""


@dataclass(frozen=True)
class Call:
    """A call of a function to AWS."""

    caller: str
    service: str
    operation: str
    params: dict[str, Any]


def actions_of(call: Call, stack: Resolver) -> set[Grant]:
    """The actions that the caller's role must grant for this call."""
    match call.service:
        case "dynamodb":
            return set(_dynamodb(call, stack.made["Table"]["Arn"]))
        case "sqs":
            queue = call.params["QueueUrl"].rsplit("/", 1)[1]
            return {Grant(f"sqs:{call.operation}", f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}")}
        case "secretsmanager" | "s3":
            return {_kept(call)}
        case "scheduler":
            name = f"{call.params['GroupName']}/{call.params['Name']}"
            return {
                Grant(f"scheduler:{call.operation}", f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/{name}"),
                Grant("iam:PassRole", call.params["Target"]["RoleArn"]),
            }
        case "pinpoint-sms-voice-v2" | "sns":
            return {_text(call)}
        case "sesv2":
            domain = call.params["FromEmailAddress"].rstrip(">").rpartition("@")[2]
            own = f"arn:aws:ses:{REGION}:{ACCOUNT}"
            configuration_set = call.params["ConfigurationSetName"]
            names = (f"identity/{domain}", f"configuration-set/{configuration_set}")
            return {Grant(f"ses:{call.operation}", f"{own}:{name}") for name in names}
    raise AssertionError(f"no rule says what {call.service}:{call.operation} needs")


def _kept(call: Call) -> Grant:
    if call.service == "s3":
        return Grant(f"s3:{call.operation}", f"arn:aws:s3:::{call.params['Bucket']}/{call.params['Key']}")
    return Grant(f"secretsmanager:{call.operation}", call.params["SecretId"])


def _text(call: Call) -> Grant:
    """A number has no ARN: whoever may publish to one may to all."""
    if call.service == "sns":
        return Grant(f"sns:{call.operation}", "*")
    return Grant(f"sms-voice:{call.operation}", call.params["OriginationIdentity"])


def _dynamodb(call: Call, table: str) -> Iterator[Grant]:
    if call.operation == "TransactWriteItems":
        parts = [part for item in call.params["TransactItems"] for part in item.items()]
        yield from (Grant(f"dynamodb:{_TRANSACTION[kind]}", table, _key(part)) for kind, part in parts)
    else:
        index = call.params.get("IndexName")
        resource = f"{table}/index/{index}" if index else table
        yield from (Grant(f"dynamodb:{call.operation}", resource, key) for key in _leading_keys(call.params))


def _leading_keys(params: Mapping[str, Any]) -> Iterator[str]:
    match params:
        case {"RequestItems": requests}:
            for keys in requests.values():
                items = keys["Keys"] if isinstance(keys, dict) else [one for each in keys for one in each.values()]
                yield from map(_key, items)
        case {"KeyConditionExpression": condition}:
            partition = re.findall(r"= (:\w+)", condition)[0]
            yield params["ExpressionAttributeValues"][partition]["S"]
        case _:
            yield _key(params)


def _key(part: Mapping[str, Any]) -> str:
    item = part.get("Item") or part.get("Key") or part
    return str(item["pk"]["S"])


def allows(grant: Grant, wanted: Grant) -> bool:
    where = ((wanted.resource, grant.resource), (wanted.leading_key, grant.leading_key))
    return grant.action == wanted.action and all(fnmatchcase(one, pattern) for one, pattern in where)


def grants_of(function: str, stack: Resolver) -> set[Grant]:
    """All that the function's role grants."""
    role = "".join(word.title() for word in function.split("_")) + "Role"
    policies = [*properties(role)["Policies"], *_attached(role, stack)]
    statements = [one for policy in policies for one in policy["PolicyDocument"]["Statement"]]
    return {
        Grant(action, stack.resolve(resource), leading_key)
        for statement in statements
        if statement["Effect"] == "Allow"
        for action in _listed(statement["Action"])
        for resource in _listed(statement["Resource"])
        for leading_key in _granted_keys(statement)
    }


def _granted_keys(statement: Mapping[str, Any]) -> list[str]:
    tests = {name: test for name, test in statement.get("Condition", {}).items() if name != "Null"}
    return [key for test in tests.values() if _LEADING_KEYS in test for key in _listed(test[_LEADING_KEYS])] or ["*"]


def _attached(role: str, stack: Resolver) -> Iterator[Any]:
    """Policies of their own that name this role, where their condition holds."""
    for logical in of_type("AWS::IAM::Policy"):
        condition = template()["Resources"][logical].get("Condition")
        if {"Ref": role} in properties(logical)["Roles"] and (condition is None or stack.holds(condition)):
            yield properties(logical)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
