"""The IAM actions and resources a call needs (Service Authorization Reference), and those a role grants."""

from collections.abc import Iterator
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


class Grant(NamedTuple):
    """An action on a resource; in a grant the resource may hold wildcards."""

    action: str
    resource: str


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
        kinds = {kind for item in call.params["TransactItems"] for kind in item}
        yield from (Grant(f"dynamodb:{_TRANSACTION[kind]}", table) for kind in kinds)
    else:
        index = call.params.get("IndexName")
        yield Grant(f"dynamodb:{call.operation}", f"{table}/index/{index}" if index else table)


def allows(grant: Grant, wanted: Grant) -> bool:
    return grant.action == wanted.action and fnmatchcase(wanted.resource, grant.resource)


def grants_of(function: str, stack: Resolver) -> set[Grant]:
    """All that the function's role grants."""
    role = "".join(word.title() for word in function.split("_")) + "Role"
    policies = [*properties(role)["Policies"], *_attached(role, stack)]
    statements = [one for policy in policies for one in policy["PolicyDocument"]["Statement"]]
    return {
        Grant(action, stack.resolve(resource))
        for statement in statements
        if statement["Effect"] == "Allow"
        for action in _listed(statement["Action"])
        for resource in _listed(statement["Resource"])
    }


def _attached(role: str, stack: Resolver) -> Iterator[Any]:
    """Policies of their own that name this role, where their condition holds."""
    for logical in of_type("AWS::IAM::Policy"):
        condition = template()["Resources"][logical].get("Condition")
        if {"Ref": role} in properties(logical)["Roles"] and (condition is None or stack.holds(condition)):
            yield properties(logical)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
