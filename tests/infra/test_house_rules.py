import importlib.util
from pathlib import Path

import pytest
from cfnlint.api import lint
from cfnlint.helpers import create_rules
from cfnlint.rules import RulesCollection

from tests.infra.pieces import (
    ALARM,
    CONSUMER,
    FUNCTION,
    KEPT_CALLS,
    LOG,
    LOGGED,
    QUEUE,
    REDRIVEN_QUEUE,
    RETRIED_SCHEDULE,
    SCHEDULE,
    role,
)

INFRA = Path(__file__).resolve().parents[2] / "infra"


@pytest.fixture(scope="module")
def rules() -> RulesCollection:
    spec = importlib.util.spec_from_file_location("house_rules", INFRA / "lint" / "house_rules.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    collection = RulesCollection()
    collection.extend(create_rules(module))
    return collection


def complaints(rules: RulesCollection, *resources: str) -> list[str]:
    found = lint("Resources:\n" + "".join(resources), rules=rules)
    return sorted(f"{match.rule.id} {match.message}" for match in found)


def test_the_template_of_the_project_keeps_every_rule(rules: RulesCollection) -> None:
    assert lint((INFRA / "template.yaml").read_text(), rules=rules) == []


def test_what_sam_calls_by_other_names_is_judged_too(rules: RulesCollection) -> None:
    careless = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Answer:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: app.handler
      CodeUri: answer/
      Events:
        Work: {Type: SQS, Properties: {Queue: !GetAtt Work.Arn}}
        Nightly: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 day)}}
"""
    found = sorted(match.rule.id for match in lint(careless + QUEUE, rules=rules))

    assert found == ["E9901", "E9902", "E9902", "E9904", "E9905", "E9905"]


def test_the_failures_of_a_sam_function_need_an_alarm(rules: RulesCollection) -> None:
    failing = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {LoggingConfig: {LogGroup: !Ref Log}}
Resources:
  Answer:
    Type: AWS::Serverless::Function
    Properties:
      Role: arn:aws:iam::123456789012:role/answer
      Runtime: python3.13
      Handler: app.handler
      CodeUri: answer/
      EventInvokeConfig: {DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Work.Arn}}}
"""
    found = [match.message for match in lint(failing + QUEUE + LOG, rules=rules)]

    assert found == ["Work takes in failures and no alarm watches it"]


def test_a_function_without_a_log_group_of_its_own_is_refused(rules: RulesCollection) -> None:
    assert complaints(rules, FUNCTION) == ["E9901 Answer names no log group with retention in LoggingConfig"]


def test_a_log_group_that_keeps_logs_for_ever_does_not_count(rules: RulesCollection) -> None:
    endless = LOG.replace("RetentionInDays: 30", "LogGroupName: answer")

    assert complaints(rules, LOGGED, endless) == ["E9901 Answer names no log group with retention in LoggingConfig"]


def test_a_function_with_a_log_group_passes(rules: RulesCollection) -> None:
    assert complaints(rules, LOGGED, LOG) == []


def test_a_consumer_of_a_queue_without_dead_letters_is_refused(rules: RulesCollection) -> None:
    assert complaints(rules, LOGGED, LOG, QUEUE, CONSUMER) == [
        "E9902 Consumer: neither a redrive policy of the queue nor OnFailure"
    ]


def test_a_consumer_with_a_failure_destination_passes(rules: RulesCollection) -> None:
    kept = CONSUMER.replace("}", ", DestinationConfig: {OnFailure: {Destination: !GetAtt Failed.Arn}}}")

    assert complaints(rules, LOGGED, LOG, REDRIVEN_QUEUE, ALARM, kept) == []


def test_a_scheduled_function_that_keeps_no_failures_is_refused(rules: RulesCollection) -> None:
    assert complaints(rules, LOGGED, LOG, REDRIVEN_QUEUE, ALARM, RETRIED_SCHEDULE) == [
        "E9902 Answer is called asynchronously and keeps no failures"
    ]


def test_a_scheduled_function_with_a_failure_destination_passes(rules: RulesCollection) -> None:
    assert complaints(rules, LOGGED, LOG, REDRIVEN_QUEUE, ALARM, RETRIED_SCHEDULE, KEPT_CALLS) == []


def test_dead_letters_without_an_alarm_are_refused(rules: RulesCollection) -> None:
    assert complaints(rules, REDRIVEN_QUEUE) == ["E9903 Failed takes in failures and no alarm watches it"]


def test_watched_dead_letters_pass(rules: RulesCollection) -> None:
    assert complaints(rules, REDRIVEN_QUEUE, ALARM) == []


def test_a_wildcard_without_a_reason_is_refused(rules: RulesCollection) -> None:
    everything = role('{Effect: Allow, Action: "s3:GetObject", Resource: "*"}')

    assert complaints(rules, everything) == ['E9904 Role: no reason is given for "*"']


def test_a_wildcard_inside_a_substitution_is_seen(rules: RulesCollection) -> None:
    within = role('{Effect: Allow, Action: "s3:GetObject", Resource: [!Sub "${Bucket}/*"]}')

    assert complaints(rules, within) == ['E9904 Role: no reason is given for {"Fn::Sub": "${Bucket}/*"}']


def test_an_explained_wildcard_passes(rules: RulesCollection) -> None:
    explained = '{Wildcards: [{Resource: !Sub "${Bucket}/*", Reason: Objects come and go}]}'

    assert (
        complaints(rules, role('{Effect: Allow, Action: "s3:GetObject", Resource: !Sub "${Bucket}/*"}', explained))
        == []
    )


def test_an_explanation_whose_wildcard_is_gone_is_refused(rules: RulesCollection) -> None:
    stale = role(
        '{Effect: Allow, Action: "s3:GetObject", Resource: one}', '{Wildcards: [{Resource: "*", Reason: Old}]}'
    )

    assert complaints(rules, stale) == ['E9904 Role: no statement uses "*"']


def test_an_action_with_a_wildcard_cannot_be_explained(rules: RulesCollection) -> None:
    broad = role('{Effect: Allow, Action: "s3:*", Resource: one}')

    assert complaints(rules, broad) == ["E9904 Role: actions must be named one by one: s3:*"]


def test_a_managed_policy_is_refused(rules: RulesCollection) -> None:
    managed = role("{Effect: Allow, Action: 's3:GetObject', Resource: one}", managed="[arn:aws:iam::aws:policy/Admin]")

    assert complaints(rules, managed) == [
        "E9904 Role: a managed policy reaches beyond this stack; write the statements out"
    ]


def test_a_denial_may_be_as_wide_as_it_likes(rules: RulesCollection) -> None:
    assert complaints(rules, role('{Effect: Deny, Action: "s3:*", Resource: "*"}')) == []


def test_a_schedule_without_retries_and_dead_letters_is_refused(rules: RulesCollection) -> None:
    found = complaints(rules, LOGGED, LOG, REDRIVEN_QUEUE, ALARM, KEPT_CALLS, SCHEDULE)

    assert found == [
        "E9905 Nightly: a target without DeadLetterConfig",
        "E9905 Nightly: a target without RetryPolicy",
    ]


def test_targets_of_a_rule_are_judged_like_those_of_a_schedule(rules: RulesCollection) -> None:
    rule = """
  Rule:
    Type: AWS::Events::Rule
    Properties:
      ScheduleExpression: rate(1 day)
      Targets: [{Id: work, Arn: !GetAtt Work.Arn, RetryPolicy: {MaximumRetryAttempts: 3}}]
"""

    assert complaints(rules, QUEUE, rule) == ["E9905 Rule: a target without DeadLetterConfig"]


KEYED = 'ForAllValues:StringLike: {dynamodb:LeadingKeys: ["INVITATION#*"]}'
NAMED = '"Null": {dynamodb:LeadingKeys: "false"}'
EVERYTHING = "on every item: ForAllValues:StringLike must list patterns of dynamodb:LeadingKeys"
KEYLESS = 'also without a key: add Null: {dynamodb:LeadingKeys: "false"}'


def on_the_table(action: str, *conditions: str) -> str:
    condition = ", ".join(conditions)
    return role(f"{{Effect: Allow, Action: [{action}], Resource: one, Condition: {{{condition}}}}}")


def test_a_statement_on_a_table_that_names_its_keys_passes(rules: RulesCollection) -> None:
    assert complaints(rules, on_the_table("dynamodb:GetItem, dynamodb:Query", KEYED, NAMED)) == []


def test_a_statement_on_every_item_is_refused(rules: RulesCollection) -> None:
    assert complaints(rules, on_the_table("dynamodb:GetItem")) == [
        f"E9906 Role: dynamodb:GetItem {problem}" for problem in (KEYLESS, EVERYTHING)
    ]


def test_a_pattern_that_every_key_matches_is_refused(rules: RulesCollection) -> None:
    assert complaints(rules, on_the_table("dynamodb:PutItem", KEYED.replace("INVITATION#*", "*"), NAMED)) == [
        f"E9906 Role: dynamodb:PutItem {EVERYTHING}"
    ]


def test_keys_that_a_request_may_leave_out_are_refused(rules: RulesCollection) -> None:
    """ForAllValues is true of an empty set."""
    assert complaints(rules, on_the_table("dynamodb:Query", KEYED)) == [f"E9906 Role: dynamodb:Query {KEYLESS}"]


@pytest.mark.parametrize(
    "action", ["Scan", "PartiQLSelect", "PartiQLUpdate", "DeleteTable", "ExportTableToPointInTime"]
)
def test_what_names_no_key_is_refused_under_any_condition(rules: RulesCollection, action: str) -> None:
    assert complaints(rules, on_the_table(f"dynamodb:{action}", KEYED, NAMED)) == [
        f"E9906 Role: dynamodb:{action} goes past the keys"
    ]


def test_a_role_that_has_to_look_at_everything_says_why(rules: RulesCollection) -> None:
    scan = "{Effect: Allow, Action: dynamodb:Scan, Resource: one}"

    assert complaints(rules, role(scan, "{Scan: {Reason: Ages are in no index}}")) == []
    assert complaints(rules, role(scan, "{Scan: {}}")) == ["E9906 Role: dynamodb:Scan goes past the keys"]


def test_a_stream_has_no_keys(rules: RulesCollection) -> None:
    assert complaints(rules, on_the_table("dynamodb:GetRecords")) == []
