"""Corrections through MiniStack's API after the deployment, where its CloudFormation is incomplete or wrong.

The template stays as strict as AWS needs it; whatever is widened is widened here. What MiniStack cannot show at all
(bisecting, dead letters of schedules, flexible windows, iam:PassRole, the lifecycle of buckets, partition projection,
the limit of a workgroup) is asserted on the template in tests/infra.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import boto3

from afterbill_actions.adapters.addresses import LOOPBACK
from afterbill_dev.local import sources
from afterbill_dev.paths import ACCOUNT, REGION, STACK_NAME

ANY_METHOD = "x-amazon-apigateway-any-method"
INTEGRATION = "x-amazon-apigateway-integration"
QUEUES = ("InboxUrl", "UnsignedInboxUrl", "SendQueueUrl", "MailEventsUrl", "SmsEventsUrl")
LOGS_READ = ("ReceiveWebhookLog", "CaptureEventLog")
"""The log groups in which check_health looks for what each source sent last."""
LONGER_SECONDS = {"ActionsQueueUrl": 60, "ReportRequestsUrl": 300}
"""The same for what takes longer: requests to other systems, reports."""
PLACES = re.compile(r"'(?:[^']|'')*'|--[^\n]*|\?")
"""A text in quotes, a comment, or the place of a parameter."""
LEADING_KEYS = "dynamodb:LeadingKeys"
RETRY_SECONDS = 20
"""On AWS a failed message comes back after three minutes, too long for a laptop."""


def add_routes(api_id: str) -> dict[str, str]:
    """Create the routes of the API, which SAM writes into its `Body` and MiniStack does not read; path -> function.

    Of two functions on one path it is the one that takes every method.
    """
    gateway = boto3.client("apigatewayv2")
    routes = {}
    for verb, path, function_arn in _routes():
        if verb == "ANY" or path not in routes:
            routes[path] = function_arn
        integration = gateway.create_integration(
            ApiId=api_id, IntegrationType="AWS_PROXY", IntegrationUri=function_arn, PayloadFormatVersion="2.0"
        )
        gateway.create_route(
            ApiId=api_id, RouteKey=f"{verb} {path}", Target=f"integrations/{integration['IntegrationId']}"
        )
    return routes


def _routes() -> Iterator[tuple[str, str, str]]:
    """Method, path and function of each path in the processed template."""
    template = boto3.client("cloudformation").get_template(StackName=STACK_NAME, TemplateStage="Processed")
    written: Any = template["TemplateBody"]
    body = json.loads(written) if isinstance(written, str) else written
    for path, methods in body["Resources"]["HttpApi"]["Properties"]["Body"]["paths"].items():
        for method, operation in methods.items():
            logical_id = re.findall(r"\$\{(\w+)\.Arn\}", json.dumps(operation[INTEGRATION]["uri"]))[0]
            verb = "ANY" if method == ANY_METHOD else method.upper()
            yield verb, path, f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{_physical_id(logical_id)}"


def add_grants() -> None:
    """Widen roles: MiniStack takes a mail's resource for `*` and every schedule for one of the group `default`.

    It also asks for sqs:SendMessageBatch, where AWS asks for sqs:SendMessage, and knows a log group by its ARN without
    the `:*` at its end, with which IAM's policies name one.
    """
    any_schedule = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/*"
    schedules = ("scheduler:CreateSchedule", any_schedule)
    _grant("SendSurveyRole", ("ses:SendEmail", "*"), schedules)
    _grant("NotifyOperatorsRole", ("ses:SendEmail", "*"))
    _grant("CaptureEventRole", schedules)
    _grant("HandlePrivacyRequestsRole", ("scheduler:DeleteSchedule", any_schedule))
    _grant("SweepInvitationsRole", ("sqs:SendMessageBatch", f"arn:aws:sqs:{REGION}:{ACCOUNT}:*"))
    read = (f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{_physical_id(name)}" for name in LOGS_READ)
    _grant("CheckHealthRole", *(("logs:FilterLogEvents", arn) for arn in read))


def _grant(role: str, *grants: tuple[str, str]) -> None:
    statements = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in grants]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    boto3.client("iam").put_role_policy(
        RoleName=_physical_id(role), PolicyName="only-on-this-machine", PolicyDocument=policy
    )


def forget_leading_keys() -> None:
    """Take off every role that a request must name its keys: MiniStack never says which keys one names.

    What the roles refuse by key is asked of the template instead, in tests/infra and tests/integration.
    """
    iam = boto3.client("iam")
    for role in _all_of("AWS::IAM::Role"):
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            written: Any = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            if LEADING_KEYS in json.dumps(written):
                iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(keyless(written)))


def keyless(policy: Mapping[str, Any]) -> dict[str, Any]:
    """The policy without the demand that a key is there."""
    statements = [dict(one) for one in policy["Statement"]]
    for one in statements:
        if "Condition" in one:
            one["Condition"] = {key: value for key, value in one["Condition"].items() if key != "Null"}
    return {**policy, "Statement": statements}


def _all_of(kind: str) -> list[str]:
    pages = boto3.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=STACK_NAME)
    resources = [one for page in pages for one in page["StackResourceSummaries"]]
    return [one["PhysicalResourceId"] for one in resources if one["ResourceType"] == kind]


def _physical_id(logical_id: str) -> str:
    reply = boto3.client("cloudformation").describe_stack_resource(StackName=STACK_NAME, LogicalResourceId=logical_id)
    return reply["StackResourceDetail"]["PhysicalResourceId"]


def widen_filters(outputs: Mapping[str, str]) -> None:
    """Let more changes pass to publish_events, which tells by itself what is no event.

    Where a part of a path is missing, MiniStack matches not even a pattern that asks for its absence.
    """
    client = boto3.client("lambda")
    found = client.list_event_source_mappings(FunctionName=outputs["PublishEventsFunctionName"])
    for mapping in found["EventSourceMappings"]:
        patterns = [widened(json.loads(one["Pattern"])) for one in mapping["FilterCriteria"]["Filters"]]
        filters: Any = [{"Pattern": json.dumps(pattern)} for pattern in patterns]
        client.update_event_source_mapping(UUID=mapping["UUID"], FilterCriteria={"Filters": filters})


def widened(pattern: Mapping[str, Any]) -> dict[str, Any]:
    """The pattern without demands that something is not there."""
    parts = {name: widened(one) if isinstance(one, dict) else one for name, one in pattern.items()}
    return {name: one for name, one in parts.items() if one not in ({}, [{"exists": False}])}


def hasten_retries(outputs: Mapping[str, str]) -> None:
    """Shorten the time after which failed messages come back."""
    for queue, seconds in (dict.fromkeys(QUEUES, RETRY_SECONDS) | LONGER_SECONDS).items():
        boto3.client("sqs").set_queue_attributes(
            QueueUrl=outputs[queue], Attributes={"VisibilityTimeout": str(seconds)}
        )


def fill_parameters(athena: Any) -> None:  # noqa: ANN401  # a boto3 client
    """Have the client put the parameters of a query into its statement: MiniStack's Athena passes over them."""
    athena.meta.events.register("provide-client-params.athena.StartQueryExecution", _filled)


def _filled(params: Mapping[str, Any], **_: object) -> dict[str, Any]:
    literals = iter(params.get("ExecutionParameters", ()))
    filled = PLACES.sub(lambda part: next(literals) if part[0] == "?" else part[0], params["QueryString"])
    others = {name: value for name, value in params.items() if name != "ExecutionParameters"}
    return {**others, "QueryString": filled}


def number_concurrency() -> None:
    """Set the consumers' concurrency again as a number: from a parameter it arrives as text, and polling stops."""
    functions = boto3.client("lambda")
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        if "ScalingConfig" in mapping:
            limit = int(mapping["ScalingConfig"]["MaximumConcurrency"])
            functions.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": limit})


def admit_plain_http(*buckets: str) -> None:
    """Take off the buckets, the queues and the topics what refuses plain HTTP: MiniStack does not speak TLS."""
    for bucket in buckets:
        boto3.client("s3").delete_bucket_policy(Bucket=bucket)
    sqs, sns = boto3.client("sqs"), boto3.client("sns")
    for url in _all_of("AWS::SQS::Queue"):
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": admitting(attributes["Policy"])})
    for arn in _all_of("AWS::SNS::Topic"):
        policy = sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"]
        sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=admitting(policy))


def admitting(policy: str) -> str:
    """The policy without refusals of plain HTTP; empty where it held nothing else."""
    read = json.loads(policy)
    kept = [one for one in read["Statement"] if "aws:SecureTransport" not in json.dumps(one)]
    return json.dumps({**read, "Statement": kept}) if kept else ""


def ask_for_passwords(outputs: Mapping[str, str]) -> None:
    """Take the choice of a first factor off the console's client: MiniStack knows no passkeys.

    Its login page then asks for address and password at once.
    """
    cognito, client = boto3.client("cognito-idp"), {"UserPoolId": outputs["UserPoolId"]}
    client["ClientId"] = outputs["UserPoolClientId"]
    described: Any = cognito.describe_user_pool_client(**client)["UserPoolClient"]
    settable = cognito.meta.service_model.operation_model("UpdateUserPoolClient").input_shape.members
    kept = {name: value for name, value in described.items() if name in settable and value != ""}
    flows = [flow for flow in kept["ExplicitAuthFlows"] if flow != "ALLOW_USER_AUTH"]
    cognito.update_user_pool_client(**{**kept, "ExplicitAuthFlows": flows})


def let_call_loopback(outputs: Mapping[str, str]) -> None:
    """Let actions call the fake systems of this machine; what is deployed to AWS refuses such addresses."""
    client, name = boto3.client("lambda"), outputs["RunActionsFunctionName"]
    variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    client.update_function_configuration(FunctionName=name, Environment={"Variables": {**variables, LOOPBACK: "1"}})


def fill_secrets(
    outputs: Mapping[str, str], made: sources.Sources, connections: Mapping[str, Mapping[str, str]]
) -> None:
    """Store what an operator would: signing secrets, credentials for APIs, consents."""
    filled = {
        "SourcesSecretArn": sources.signing_secrets(made),
        "ApisSecretArn": sources.api_credentials(made),
        "TokensSecretArn": sources.tokens(made),
        "ConnectionsSecretArn": connections,
    }
    for output, value in filled.items():
        boto3.client("secretsmanager").put_secret_value(SecretId=outputs[output], SecretString=json.dumps(value))
