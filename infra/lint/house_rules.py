"""Rules of our own for templates: `cfn-lint --append-rules infra/lint`.

cfn-lint judges a SAM template as it is written, with Globals merged in; so do these rules. They know a function, an
event source and a schedule both by the name SAM gives it and by CloudFormation's own.
"""

import json
from collections.abc import Iterator
from typing import Any

from cfnlint.rules._rule import CloudFormationLintRule, RuleMatch
from cfnlint.template.template import Template

Properties = dict[str, Any]

FUNCTION_TYPES = ("AWS::Lambda::Function", "AWS::Serverless::Function")
POLICY_TYPES = ("AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
POLLED_EVENTS = ("SQS", "DynamoDB", "Kinesis")
SCHEDULED_EVENTS = ("Schedule", "ScheduleV2", "EventBridgeRule")
FAILURE_TARGETS = {
    "RedrivePolicy": "deadLetterTargetArn",
    "DeadLetterConfig": "Arn",
    "DeadLetterQueue": "TargetArn",
    "OnFailure": "Destination",
}
"""Where a template names a queue for failures: the enclosing key and the key of the address in it."""
LEADING_KEYS = "dynamodb:LeadingKeys"
BY_KEY = {
    f"dynamodb:{name}"
    for name in (
        "BatchGetItem",
        "BatchWriteItem",
        "ConditionCheckItem",
        "DeleteItem",
        "GetItem",
        "PutItem",
        "Query",
        "UpdateItem",
    )
}
"""Actions whose requests name partition keys; a Scan and PartiQL need none."""
OF_STREAMS = {f"dynamodb:{name}" for name in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")}
ABOUT_TABLES = {f"dynamodb:Describe{name}" for name in ("Table", "ContinuousBackups", "TimeToLive")}
"""They tell how a table is set up, and show no item."""


class FunctionHasLogGroup(CloudFormationLintRule):
    """A function writes to a log group of the template that keeps logs for a stated time."""

    id = "E9901"
    shortdesc = "Function without a log group"
    description = "Lambda makes a missing log group by itself and keeps its logs for ever"

    def match(self, cfn: Template) -> list[RuleMatch]:
        """One match per function."""
        kept = {name for name, group in _of_types(cfn, "AWS::Logs::LogGroup") if "RetentionInDays" in group}
        return [
            RuleMatch(["Resources", name], f"{name} names no log group with retention in LoggingConfig")
            for name, function in _of_types(cfn, *FUNCTION_TYPES)
            if _logical_id(function.get("LoggingConfig", {}).get("LogGroup")) not in kept
        ]


class FailuresAreKept(CloudFormationLintRule):
    """What a function could not take from a queue, a stream or an asynchronous call ends in a queue."""

    id = "E9902"
    shortdesc = "Consumer without dead letters"
    description = "A record that no attempt could take must be found again"

    def match(self, cfn: Template) -> list[RuleMatch]:
        """One match per event source or asynchronous function."""
        return [*self._polled(cfn), *self._called(cfn)]

    def _polled(self, cfn: Template) -> Iterator[RuleMatch]:
        redriven = {name for name, queue in _of_types(cfn, "AWS::SQS::Queue") if "RedrivePolicy" in queue}
        for name, source in _event_sources(cfn):
            origin = source.get("EventSourceArn") or source.get("Queue") or source.get("Stream")
            if _logical_id(origin) not in redriven and not _on_failure(source):
                yield RuleMatch(["Resources", name], f"{name}: neither a redrive policy of the queue nor OnFailure")

    def _called(self, cfn: Template) -> Iterator[RuleMatch]:
        invocations = _of_types(cfn, "AWS::Lambda::EventInvokeConfig")
        kept = {_logical_id(config.get("FunctionName")) for _, config in invocations if _on_failure(config)}
        called = {function for _, _, function in _scheduled(cfn)}
        for name, function in _of_types(cfn, *FUNCTION_TYPES):
            own = "DeadLetterConfig" in function or "DeadLetterQueue" in function
            if name in called - kept and not own and not _on_failure(function.get("EventInvokeConfig", {})):
                yield RuleMatch(["Resources", name], f"{name} is called asynchronously and keeps no failures")


class DeadLettersAreWatched(CloudFormationLintRule):
    """Every queue that takes in failures has an alarm."""

    id = "E9903"
    shortdesc = "Dead letters without an alarm"
    description = "Nobody looks into a queue of failures unasked"

    def match(self, cfn: Template) -> list[RuleMatch]:
        """One match per queue."""
        watched = {
            _logical_id(dimension.get("Value"))
            for _, alarm in _of_types(cfn, "AWS::CloudWatch::Alarm")
            for dimension in alarm.get("Dimensions", ())
        }
        failed = {_logical_id(queue) for queue in _failure_queues(cfn.get_resources())} - {None}
        return [
            RuleMatch(["Resources", name], f"{name} takes in failures and no alarm watches it")
            for name in sorted(str(queue) for queue in failed - watched)
        ]


class WildcardsAreExplained(CloudFormationLintRule):
    """A statement names what it allows; a wildcard stands in the role's `Metadata: Wildcards` with its reason."""

    id = "E9904"
    shortdesc = "Wildcard in a policy"
    description = "Metadata of the role or policy: Wildcards: [{Resource: <as in the statement>, Reason: <text>}]"

    def match(self, cfn: Template) -> list[RuleMatch]:
        """One match per unexplained wildcard, stale explanation, managed policy, and role that SAM makes up."""
        found = [
            RuleMatch(["Resources", name], f"{name}: {complaint}")
            for kind in POLICY_TYPES
            for name, resource in cfn.get_resources([kind]).items()
            for complaint in self._complaints(resource)
        ]
        return found + [
            RuleMatch(["Resources", name], f"{name}: without a Role of its own, SAM attaches managed policies")
            for name, function in _of_types(cfn, "AWS::Serverless::Function")
            if "Role" not in function
        ]

    def _complaints(self, resource: dict[str, Any]) -> Iterator[str]:
        entries = resource.get("Metadata", {}).get("Wildcards", ())
        explained = [entry["Resource"] for entry in entries if entry.get("Reason")]
        wild = []
        for statement in _statements(resource["Properties"]):
            wild += [place for place in _listed(statement.get("Resource")) if "*" in json.dumps(place)]
            if any("*" in action for action in _listed(statement.get("Action"))):
                yield f"actions must be named one by one: {statement['Action']}"
        yield from (f"no reason is given for {json.dumps(place)}" for place in wild if place not in explained)
        yield from (f"no statement uses {json.dumps(place)}" for place in explained if place not in wild)
        if resource["Properties"].get("ManagedPolicyArns"):
            yield "a managed policy reaches beyond this stack; write the statements out"


class TableIsReachedByKey(CloudFormationLintRule):
    """A statement on a table names the partition keys that it reaches, and asks that a request names one.

    A role that has to look at everything says why in its `Metadata: Scan: {Reason: <text>}`.
    """

    id = "E9906"
    shortdesc = "Access to a whole table"
    description = "ForAllValues passes where a request names no key, so that Null must refuse it"

    def match(self, cfn: Template) -> list[RuleMatch]:
        """One match per statement that reaches too far, with what is wrong with it."""
        return [
            RuleMatch(["Resources", name], f"{name}: {complaint}")
            for kind in POLICY_TYPES
            for name, resource in cfn.get_resources([kind]).items()
            for statement in _statements(resource["Properties"])
            for complaint in self._complaints(statement, _explained_scan(resource))
        ]

    def _complaints(self, statement: dict[str, Any], explained: set[str]) -> Iterator[str]:
        actions = {str(one) for one in _listed(statement.get("Action")) if str(one).startswith("dynamodb:")} - explained
        yield from (f"{one} goes past the keys" for one in sorted(actions - BY_KEY - OF_STREAMS - ABOUT_TABLES))
        if actions & BY_KEY:
            condition = statement.get("Condition", {})
            named = ", ".join(sorted(actions))
            patterns = _listed(condition.get("ForAllValues:StringLike", {}).get(LEADING_KEYS))
            if not patterns or any(str(one).startswith("*") for one in patterns):
                yield f"{named} on every item: ForAllValues:StringLike must list patterns of {LEADING_KEYS}"
            if condition.get("Null", {}).get(LEADING_KEYS) != "false":
                yield f'{named} also without a key: add Null: {{{LEADING_KEYS}: "false"}}'


def _explained_scan(role: dict[str, Any]) -> set[str]:
    return {"dynamodb:Scan"} if role.get("Metadata", {}).get("Scan", {}).get("Reason") else set()


class SchedulesRetry(CloudFormationLintRule):
    """Every target of a schedule says how often it is tried and where it ends."""

    id = "E9905"
    shortdesc = "Schedule target without retry policy"
    description = "The default is to try for a day and then to forget"

    def match(self, cfn: Template) -> list[RuleMatch]:
        """One match per missing part of a target."""
        return [
            RuleMatch(["Resources", name], f"{name}: a target without {part}")
            for name, target, _ in _scheduled(cfn)
            for part in ("RetryPolicy", "DeadLetterConfig")
            if part not in target
        ]


def _of_types(cfn: Template, *kinds: str) -> Iterator[tuple[str, Properties]]:
    for name, resource in cfn.get_resources(list(kinds)).items():
        yield name, resource.get("Properties", {})


def _sam_events(cfn: Template, kinds: tuple[str, ...]) -> Iterator[tuple[str, Properties]]:
    """Name of the function and properties of each of its events of these kinds."""
    for name, function in _of_types(cfn, "AWS::Serverless::Function"):
        for event in function.get("Events", {}).values():
            if event["Type"] in kinds:
                yield name, event.get("Properties", {})


def _event_sources(cfn: Template) -> Iterator[tuple[str, Properties]]:
    yield from _of_types(cfn, "AWS::Lambda::EventSourceMapping")
    yield from _sam_events(cfn, POLLED_EVENTS)


def _scheduled(cfn: Template) -> Iterator[tuple[str, Properties, str | None]]:
    """Every target of a schedule or rule: the resource it stands in, the target, the function it calls."""
    for name, schedule in _of_types(cfn, "AWS::Scheduler::Schedule"):
        target = schedule.get("Target", {})
        yield name, target, _logical_id(target.get("Arn"))
    for name, rule in _of_types(cfn, "AWS::Events::Rule"):
        for target in rule.get("Targets", ()):
            yield name, target, _logical_id(target.get("Arn"))
    for name, event in _sam_events(cfn, SCHEDULED_EVENTS):
        yield name, event, name


def _on_failure(config: Properties) -> bool:
    return bool(config.get("DestinationConfig", {}).get("OnFailure"))


def _failure_queues(part: Any) -> Iterator[Any]:  # noqa: ANN401 (anything can stand in a template)
    if isinstance(part, dict):
        for key, value in part.items():
            if key in FAILURE_TARGETS and isinstance(value, dict):
                yield value.get(FAILURE_TARGETS[key])
            yield from _failure_queues(value)
    elif isinstance(part, list):
        for value in part:
            yield from _failure_queues(value)


def _statements(properties: Properties) -> Iterator[dict[str, Any]]:
    documents = [policy.get("PolicyDocument", {}) for policy in properties.get("Policies", ())]
    for document in [*documents, properties.get("PolicyDocument", {})]:
        yield from (part for part in _listed(document.get("Statement")) if part.get("Effect") == "Allow")


def _logical_id(value: Any) -> str | None:  # noqa: ANN401 (anything can stand in a template)
    """The resource that a Ref or GetAtt means."""
    if not isinstance(value, dict):
        return None
    meant = value.get("Ref") or value.get("Fn::GetAtt")
    return str(meant[0] if isinstance(meant, list) else meant).partition(".")[0] if meant else None


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 (anything can stand in a template)
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
