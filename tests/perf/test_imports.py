"""Modules that a cold start must not load, and ceilings for their number: seconds depend on the machine."""

import ast
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.contract.template import template
from tests.integration.resolving import Resolver
from tests.integration.stack import PARAMETERS, functions, own_variables

ROOT = Path(__file__).resolve().parents[2]
# `import boto3` alone loads s3transfer, and `import aws_lambda_powertools` its Tracer, though not what makes it dear.
HEAVY = (
    "pydantic",
    "pydantic_core",
    "boto3.dynamodb.conditions",  # the resource layer
    "boto3.dynamodb.table",
    "boto3.ec2",
    "boto3.s3",
    "aws_xray_sdk",
    "aws_lambda_powertools.event_handler",
    "aws_lambda_powertools.utilities.data_classes",
    "aws_lambda_powertools.utilities.idempotency",
    "aws_lambda_powertools.utilities.parameters",
    "aws_lambda_powertools.utilities.parser",
    "aws_lambda_powertools.utilities.validation",
    "requests",
    "cryptography",
    "babel",
    "idna",
)
FORBIDDEN = {
    "receive_webhook": (
        *HEAVY,
        "jinja2",
        "afterbill.adapters.aws.send_queue",
        "afterbill.adapters.dynamodb.facts",
        "afterbill.adapters.dynamodb.items",
        "afterbill.adapters.http.billing_api",
        "afterbill.content.mail",
        "afterbill.content.web",
        "afterbill.connectors.stripe",  # each provider is loaded by its first webhook
        "afterbill.connectors.standard_webhooks",
        "afterbill.model.invitation",
        "afterbill.outreach",
        "afterbill.settings.surveys",
        "aws_lambda_powertools.utilities.batch",
    ),
    "record_response": (
        *HEAVY,
        "afterbill.adapters.aws.inbox",
        "afterbill.adapters.aws.send_queue",
        "afterbill.adapters.aws.ses",
        "afterbill.content.mail",
        "afterbill.connectors",
        "afterbill.settings.surveys",
        "aws_lambda_powertools.utilities.batch",
    ),
    "offer_survey": (
        *HEAVY,
        "jinja2",
        "afterbill.adapters.dynamodb.facts",
        "afterbill.adapters.aws.inbox",
        "afterbill.adapters.aws.send_queue",
        "afterbill.adapters.aws.ses",
        "afterbill.content.mail",
        "afterbill.connectors",
        "afterbill.settings.surveys",
        "afterbill.content.web.pages",
        "aws_lambda_powertools.utilities.batch",
    ),
    "collect_response": (
        *(one for one in HEAVY if one not in {"pydantic", "pydantic_core"}),
        "jinja2",
        "afterbill.adapters.dynamodb.facts",
        "afterbill.adapters.aws.inbox",
        "afterbill.adapters.aws.send_queue",
        "afterbill.adapters.http.billing_api",
        "afterbill.content.mail",
        "afterbill.connectors",
        "afterbill.settings.surveys",
        "afterbill.content.web",
        "aws_lambda_powertools.utilities.batch",
    ),
    "request_privacy": (
        *(one for one in HEAVY if one not in {"pydantic", "pydantic_core"}),
        "jinja2",
        "afterbill.adapters.dynamodb.facts",
        "afterbill.adapters.aws.inbox",
        "afterbill.adapters.aws.send_queue",
        "afterbill.adapters.http.billing_api",
        "afterbill.content.mail",
        "afterbill.connectors",
        "afterbill.settings.surveys",
        "afterbill.content.web",
        "aws_lambda_powertools.utilities.batch",
    ),
    "follow_link": (
        *HEAVY,
        "phonenumbers",
        "afterbill.adapters.aws.inbox",
        "afterbill.adapters.aws.send_queue",
        "afterbill.adapters.aws.ses",
        "afterbill.content.mail",
        "afterbill.connectors",
        "afterbill.settings.surveys",
        "aws_lambda_powertools.utilities.batch",
    ),
    "handle_sms_event": (
        "pydantic",
        "jinja2",
        "afterbill.connectors",
        "afterbill.content.mail",
        "afterbill.content.web",
    ),
    "send_survey": ("afterbill.content.web", "afterbill.adapters.http.billing_api"),
    "handle_mail_event": (
        "pydantic",
        "jinja2",
        "afterbill.connectors",
        "afterbill.content.mail",
        "afterbill.content.web",
    ),
    "track_changes": ("pydantic", "jinja2", "afterbill.connectors", "afterbill.content"),
    "publish_events": (
        "pydantic",
        "jinja2",
        "afterbill.connectors",
        "afterbill.content",
        "afterbill_actions.connectors",
    ),
    "sweep_invitations": ("pydantic", "jinja2", "afterbill.connectors", "afterbill.content"),
    "review_clicks": ("pydantic", "jinja2", "afterbill.connectors", "afterbill.content", "afterbill.insight"),
    "compute_nps": ("pydantic", "jinja2", "afterbill.connectors", "afterbill.content", "afterbill.outreach"),
    "watch_reputation": ("pydantic", "jinja2", "afterbill.connectors", "afterbill.content"),
    "handle_privacy_requests": ("pydantic", "jinja2", "afterbill.connectors", "afterbill.content"),
    "apply_retention": ("pydantic", "jinja2", "afterbill.connectors", "afterbill.content"),
    "archive_facts": ("pydantic", "jinja2", "afterbill.connectors", "afterbill.content"),
    "compute_reports": ("pydantic", "jinja2", "afterbill.connectors", "afterbill.content"),
    "read_reports": (
        *(name for name in HEAVY if name != "boto3.s3"),  # which comes with every client of S3
        "duckdb",
        "jinja2",
        "afterbill.connectors",
        "afterbill.content.mail",
        "afterbill.content.web",
    ),
    "capture_event": ("jinja2", "afterbill.content.mail", "afterbill.content.web"),
    "run_campaigns": (
        "jinja2",
        "afterbill.content.mail",
        "afterbill.content.web",
        "afterbill.adapters.dynamodb.facts",
        "afterbill.adapters.http.billing_api",
    ),
    "poll_billing": (
        "pydantic",
        "jinja2",
        "afterbill.content.mail",
        "afterbill.content.web",
        "afterbill.settings.surveys",
    ),
}
FORBIDDEN["publish_events"] = FORBIDDEN["sweep_actions"] = (
    "pydantic",
    "jinja2",
    "afterbill.connectors",
    "afterbill.content",
    "afterbill_actions.connectors",
)
FORBIDDEN["run_actions"] = (
    "jinja2",
    "babel",
    "duckdb",
    "afterbill_reports",
    "afterbill.content.mail",
    "afterbill.content.web",
    "afterbill_console",
)
FORBIDDEN["show_console"] = (
    *(one for one in HEAVY if one not in {"babel", "boto3.s3"}),
    "duckdb",
    "afterbill_reports",
    "afterbill.adapters.dynamodb.facts",
    "afterbill.adapters.http.billing_api",
    "afterbill.content.mail",
    "afterbill.connectors",
    "afterbill.settings.surveys",
    "afterbill_console.pages.overview",  # each page is loaded by whoever opens it first
    "aws_lambda_powertools.utilities.batch",
)
FORBIDDEN["check_health"] = (
    "duckdb",
    "jinja2",
    "babel",
    "afterbill_reports",
    "afterbill_cli",
    "afterbill.content.mail",
    "afterbill.content.web",
    "afterbill_console.pages",
)
FORBIDDEN["notify_operators"] = (
    "pydantic",
    "duckdb",
    "afterbill_reports",
    "afterbill.connectors",
    "afterbill.content.web",
    "afterbill.settings.surveys",
    "afterbill_actions.connectors",
    "afterbill_console.pages",
    "aws_lambda_powertools.utilities.batch",
)
FORBIDDEN["run_actions"] = (
    "duckdb",
    "afterbill_reports",
    "afterbill_console",
    "afterbill.connectors.stripe",
    "afterbill.content.mail",
    "afterbill.content.web",
    "afterbill_actions.connectors.freshdesk",
    "afterbill_actions.connectors.shopify",
    "afterbill_actions.connectors.slack",
)
FORBIDDEN["sweep_actions"] = (*FORBIDDEN["run_actions"], "jinja2", "afterbill_actions.drain")
EVERYWHERE = ("afterbill_cli.memory", "unittest", "moto", "pytest", "boto3.dynamodb.table", "aws_xray_sdk")
MOST_OF_OURS = {
    "receive_webhook": 13,
    "collect_response": 38,  # model.retention: how long an answer is kept is configured
    "request_privacy": 50,
    "record_response": 39,
    "offer_survey": 47,
    "follow_link": 39,
}
"""Modules of this project on a path that answers HTTP, without packages that hold a docstring alone.

adapters.dynamodb.items and .compact were one.
"""


@cache
def loaded(function: str) -> frozenset[str]:
    """The modules that are there once the function has been imported, in a process of its own."""
    resolver = Resolver(PARAMETERS, {})
    variables = template()["Globals"]["Function"]["Environment"]["Variables"] | own_variables(function)
    environment = {name: str(resolver.resolve(value)) for name, value in variables.items()}
    paths = [
        str(ROOT),
        *(str(ROOT / "layers" / layer) for layer in ("core", "reports", "actions", "console", "config")),
    ]
    probe = subprocess.run(
        [sys.executable, "-P", str(Path(__file__).with_name("probe.py")), function],
        env={
            "PATH": os.environ["PATH"],
            "AWS_DEFAULT_REGION": "eu-central-1",
            "PYTHONPATH": os.pathsep.join(paths),
            **environment,
        },
        check=True,
        capture_output=True,
        text=True,
    )
    return frozenset(json.loads(probe.stdout.splitlines()[-1]))


def has_code(module: str) -> bool:
    package = ROOT / "layers" / "core" / module.replace(".", "/") / "__init__.py"
    return not package.exists() or len(ast.parse(package.read_text()).body) > 1


@pytest.mark.parametrize("function", functions())
def test_a_function_loads_only_what_it_is_for(function):
    unwanted = (*FORBIDDEN[function], *EVERYWHERE)

    found = [name for name in sorted(loaded(function)) if any(f"{name}.".startswith(f"{one}.") for one in unwanted)]

    assert found == []


@pytest.mark.parametrize("function", MOST_OF_OURS)
def test_what_answers_http_is_small(function):
    ours = [name for name in loaded(function) if name.startswith("afterbill") and has_code(name)]

    assert len(ours) <= MOST_OF_OURS[function], " ".join(sorted(ours))


def test_starting_calls_nothing():
    """A probe has neither network nor credentials: whatever is fetched is fetched when it is first needed."""
    assert all(f"functions.{function}.app" in loaded(function) for function in functions())
