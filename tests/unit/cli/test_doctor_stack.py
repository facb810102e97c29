"""`afterbill doctor`: the stack, its configuration, secrets, table, alarms, queues and schedules."""

from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.outreach.sending_window import Almanac
from afterbill.settings import almanac
from afterbill_cli import policy
from afterbill_cli.doctor import configuration
from afterbill_console.health.findings import Verdict
from tests.unit.cli.stacks_under_test import (
    ALARM,
    HEALTHY,
    NOW,
    PARAMETERS,
    SECRETS,
    SIGNED,
    findings,
    measured,
    messages,
    refused,
    secrets,
    stack,
    stack_under_test,
    worst,
)

BRAND = """
company = "{}"
product = "Acme Ledger"
sender_name = "Acme"
imprint = "{}"
privacy_url = "{}"
"""
OURS = ("Acme AG", "Acme AG, Bahnhofstrasse 1, 8001 Zürich", "https://acme.com/privacy")


def brand(config, company, imprint, privacy_url):
    (config / "brand.toml").write_text(BRAND.format(company, imprint, privacy_url), encoding="utf-8")


# stack and configuration


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("CREATE_COMPLETE", Verdict.OK),
        ("UPDATE_COMPLETE", Verdict.OK),
        ("UPDATE_ROLLBACK_COMPLETE", Verdict.WARN),
        ("UPDATE_ROLLBACK_FAILED", Verdict.WARN),
        ("UPDATE_IN_PROGRESS", Verdict.WARN),
    ],
)
def test_the_last_deployment_must_have_gone_through(config, status, verdict):
    (described,) = stack(PARAMETERS)["Stacks"]

    examined = stack_under_test(config, {"DescribeStacks": {"Stacks": [described | {"StackStatus": status}]}})

    assert worst(examined, "stack").verdict is verdict


def test_every_mistake_of_the_configuration_is_told(config, monkeypatch):
    monkeypatch.setattr(policy, "problems", lambda _folder: ["surveys.toml: a", "brand.toml: b"])

    assert [one.text for one in findings(stack_under_test(config), "configuration")] == [
        "surveys.toml: a",
        "brand.toml: b",
    ]
    assert worst(stack_under_test(config), "configuration").verdict is Verdict.FAIL


def test_a_configuration_without_mistakes_is_in_order(config, monkeypatch):
    monkeypatch.setattr(policy, "problems", lambda _folder: [])

    assert worst(stack_under_test(config), "configuration").verdict is Verdict.OK


def test_the_shipped_brand_is_not_for_customers(config):
    finding = worst(stack_under_test(config), "brand")

    assert finding.verdict is Verdict.FAIL
    assert "company, product, sender_name, imprint" in finding.text


def test_the_shipped_brand_does_no_harm_where_no_mail_can_leave(config):
    local = stack_under_test(config, parameters={"SenderAddress": "survey@afterbill.example"})

    assert worst(local, "brand").verdict is Verdict.WARN


@pytest.mark.parametrize(
    ("edited", "verdict", "expected"),
    [
        (OURS, Verdict.OK, "Acme AG asks about Acme Ledger"),
        (("Example GmbH", *OURS[1:]), Verdict.FAIL, "the example of company"),
        ((OURS[0], "Acme AG, Musterstraße 1", OURS[2]), Verdict.FAIL, "the example of imprint"),
        ((*OURS[:2], "https://example.com/privacy"), Verdict.FAIL, "the example of privacy_url"),
        ((*OURS[:2], "https://myexample.com/privacy"), Verdict.OK, "Acme AG"),
        ((*OURS[:2], ""), Verdict.WARN, "no link to your privacy notice"),
    ],
)
def test_a_brand_of_ones_own_is_whole(config, edited, verdict, expected):
    brand(config, *edited)

    finding = worst(stack_under_test(config), "brand")

    assert (finding.verdict, expected in finding.text) == (verdict, True)


@pytest.mark.parametrize(("until", "verdict"), [(2025, Verdict.WARN), (2026, Verdict.WARN), (2027, Verdict.OK)])
def test_holidays_must_be_known_beyond_what_is_scheduled(config, monkeypatch, until, verdict):
    monkeypatch.setattr(configuration, "load_almanac", lambda: Almanac({}, {}, {}, until))

    assert worst(stack_under_test(config), "holidays").verdict is verdict


def test_the_table_that_is_shipped_reaches_far_enough(config):
    assert almanac.load_almanac().until > NOW.year
    assert worst(stack_under_test(config), "holidays").verdict is Verdict.OK


# secrets


def held(config, **different):
    return stack_under_test(config, {"GetSecretValue": secrets(**different)})


def without(book, name):
    return {source: entry for source, entry in SECRETS[book].items() if source != name}


@pytest.mark.parametrize("check", ["keys", "signing secrets", "API credentials"])
def test_secrets_that_are_whole_are_in_order(config, check):
    assert [one.verdict for one in findings(stack_under_test(config), check)] == [Verdict.OK]


@pytest.mark.parametrize("check", ["keys", "signing secrets", "API credentials"])
@pytest.mark.parametrize("broken", [None, "no JSON", "[]"])
def test_a_secret_that_is_gone_or_broken_fails(config, check, broken):
    assert worst(held(config, Sources=broken, Apis=broken, Keys=broken), check).verdict is Verdict.FAIL


def test_a_source_without_its_signing_secret_is_named_with_the_command(config):
    finding = worst(held(config, Sources=without("Sources", "books")), "signing secrets")

    assert (finding.verdict, finding.remedy) == (Verdict.FAIL, "`afterbill source add freshbooks --name books`")


def test_a_source_named_like_its_provider_is_added_by_it(config):
    finding = worst(held(config, Sources=without("Sources", "paddle")), "signing secrets")

    assert finding.remedy == "`afterbill source add paddle`"


@pytest.mark.parametrize(
    ("stored", "verdict", "expected"),
    [
        (["sk_live_hidden"], Verdict.FAIL, "verifies nothing: this is a secret key of the API"),
        ("sk_live_hidden", Verdict.FAIL, "verifies nothing: this is a secret key of the API"),
        (
            ["sk_live_hidden", SIGNED["stripe"]],
            Verdict.WARN,
            "the newest signing secret of stripe: this is a secret key",
        ),
        (
            ["whsec_short"],
            Verdict.WARN,
            "the newest signing secret of stripe: this would be unusual: a secret of Stripe",
        ),
        ([SIGNED["stripe"], "sk_live_hidden"], Verdict.OK, "have it"),
    ],
)
def test_what_cannot_be_the_signing_secret_is_told(config, stored, verdict, expected):
    finding = worst(held(config, Sources=SECRETS["Sources"] | {"stripe": stored}), "signing secrets")

    assert (finding.verdict, expected in finding.text) == (verdict, True)
    assert "hidden" not in f"{finding.text} {finding.remedy}"


def test_a_secret_of_no_source_is_told(config):
    strange = SECRETS["Sources"] | {"paddel": ["secret"]}

    finding = worst(held(config, Sources=strange), "signing secrets")

    assert finding.verdict is Verdict.WARN
    assert "surveys.toml has no [sources.paddel]" in finding.text


@pytest.mark.parametrize(("name", "verdict"), [("fetched", Verdict.FAIL), ("ledger", Verdict.FAIL)])
def test_credentials_that_facts_depend_on_must_be_there(config, name, verdict):
    assert worst(held(config, Apis=without("Apis", name)), "API credentials").verdict is verdict


def test_credentials_that_only_addresses_depend_on_are_missed(config):
    finding = worst(held(config, Apis=without("Apis", "paddle")), "API credentials")

    assert (finding.verdict, finding.remedy) == (Verdict.WARN, "`afterbill source add paddle`")


def test_consent_must_have_been_given(config):
    finding = worst(held(config, Tokens=without("Tokens", "ledger")), "API credentials")

    assert (finding.verdict, finding.remedy) == (Verdict.FAIL, "`afterbill source consent ledger`")


@pytest.mark.parametrize("keys", [{"links": {}}, {"identity": "short", "links": {}}, {"identity": "k" * 64}])
def test_the_keys_must_be_whole(config, keys):
    assert worst(held(config, Keys=keys), "keys").verdict is Verdict.FAIL


def test_no_finding_holds_a_secret(config):
    for check in ("keys", "signing secrets", "API credentials"):
        for finding in findings(held(config, Sources={"paddle": ["hidden"]}, Tokens={}), check):
            assert "hidden" not in f"{finding.text} {finding.remedy}"
            assert "kkkk" not in f"{finding.text} {finding.remedy}"


def test_an_older_stack_has_fewer_secrets(config):
    examined = stack_under_test(config)
    outputs = {key: value for key, value in examined.deployed.outputs.items() if key != "TokensSecretArn"}

    finding = worst(replace(examined, deployed=replace(examined.deployed, outputs=outputs)), "API credentials")

    assert (finding.verdict, "no output TokensSecretArn" in finding.text) == (Verdict.UNKNOWN, True)


# table


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"DescribeTable": {"Table": {"DeletionProtectionEnabled": False}}}, "being deleted"),
        (
            {"DescribeContinuousBackups": {"ContinuousBackupsDescription": {"ContinuousBackupsStatus": "ENABLED"}}},
            "cannot be restored",
        ),
        ({"DescribeTimeToLive": {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}}, "should expire"),
    ],
)
def test_the_table_is_kept_from_accidents(config, answers, expected):
    assert worst(stack_under_test(config), "table").verdict is Verdict.OK

    finding = worst(stack_under_test(config, answers), "table")

    assert (finding.verdict, expected in finding.text) == (Verdict.WARN, True)


# alarms


def alarm(config, **different):
    return stack_under_test(config, {"DescribeAlarms": {"MetricAlarms": [ALARM | different]}})


@pytest.mark.parametrize(
    ("different", "verdict", "expected"),
    [
        ({}, Verdict.OK, "1 alarm(s), none rings"),
        ({"StateValue": "ALARM"}, Verdict.FAIL, "InboxAgeAlarm since 2026-11-19 12:00: Webhooks wait."),
        ({"StateValue": "INSUFFICIENT_DATA"}, Verdict.WARN, "InboxAgeAlarm learn nothing"),
        (
            {"StateValue": "INSUFFICIENT_DATA", "StateUpdatedTimestamp": NOW - timedelta(hours=23)},
            Verdict.OK,
            "none rings",
        ),
        ({"ActionsEnabled": False}, Verdict.WARN, "InboxAgeAlarm tell nobody"),
    ],
)
def test_alarms_that_ring_or_cannot_are_told(config, different, verdict, expected):
    finding = worst(alarm(config, **different), "alarms")

    assert (finding.verdict, expected in finding.text) == (verdict, True)


def test_alarms_somebody_deleted_are_missed(config):
    finding = worst(stack_under_test(config, {"DescribeAlarms": {"MetricAlarms": []}}), "alarms")

    assert (finding.verdict, finding.text) == (Verdict.WARN, "1 alarm(s) are gone")


def test_alarms_must_reach_a_person(config):
    pending = {"Protocol": "email", "Endpoint": "ops@acme.com", "SubscriptionArn": "PendingConfirmation"}

    assert worst(stack_under_test(config), "alarm mail").verdict is Verdict.OK
    assert worst(stack_under_test(config, parameters={"AlarmEmail": ""}), "alarm mail").verdict is Verdict.WARN
    unconfirmed = stack_under_test(config, {"ListSubscriptionsByTopic": {"Subscriptions": [pending]}})
    assert worst(unconfirmed, "alarm mail").verdict is Verdict.FAIL


# queues


def test_queues_that_work_are_told_with_what_waits(config):
    reported = findings(stack_under_test(config, {"GetQueueAttributes": messages(Inbox=3)}), "queues")

    assert [one.verdict for one in reported] == [Verdict.OK, Verdict.OK]
    assert reported[1].text == "waiting: Inbox 3, SendQueue 0, MailEvents 0"


@pytest.mark.parametrize(
    ("queue", "command"),
    [
        ("InboxDeadLetters", "`afterbill replay --dead-letters`"),
        ("UnsignedInboxDeadLetters", "`afterbill replay --dead-letters`"),
        ("SendDeadLetters", "start-message-move-task --source-arn arn:aws:sqs:us-east-1:111122223333:SendDeadLetters`"),
        ("MailEventsDeadLetters", "--destination-arn"),
        ("ComputeDeadLetters", "`aws sqs purge-queue --queue-url https://sqs.us-east-1.amazonaws.com/111122223333"),
    ],
)
def test_dead_letters_need_a_person_who_is_told_what_to_do(config, queue, command):
    finding = worst(stack_under_test(config, {"GetQueueAttributes": messages(**{queue: 2})}), "queues")

    assert (finding.verdict, finding.text) == (Verdict.FAIL, f"{queue}: 2 message(s)")
    assert command in finding.remedy


def test_messages_that_wait_too_long_are_told(config):
    assert worst(stack_under_test(config, {"GetMetricData": measured(60, 60, 60)}), "queue ages").verdict is Verdict.OK

    finding = worst(stack_under_test(config, {"GetMetricData": measured(60, 1860, 60)}), "queue ages")

    text = "SendQueue: the oldest message waits untouched for 31 minutes"
    assert (finding.verdict, finding.text) == (Verdict.WARN, text)


# schedules


def test_timers_are_counted_and_those_of_functions_are_not(config):
    compute = {"Name": "compute", "Target": {"Arn": "arn:aws:lambda:us-east-1:1:function:compute"}}
    page = {"Schedules": [*HEALTHY["ListSchedules"]["Schedules"], compute]}

    assert worst(stack_under_test(config, {"ListSchedules": page}), "schedules").text == "1 timer(s) of surveys are set"
    more = stack_under_test(config, {"ListSchedules": page | {"NextToken": "2"}})
    assert worst(more, "schedules").text == "more than 1 timer(s) of surveys are set"


def test_a_schedule_that_is_switched_off_is_told(config):
    idle = {"Name": "compute", "State": "DISABLED", "Target": {"Arn": "arn:aws:lambda:us-east-1:1:function:compute"}}

    assert (
        worst(stack_under_test(config, {"ListSchedules": {"Schedules": [idle]}}), "schedules").verdict is Verdict.WARN
    )


def test_without_its_group_nothing_can_be_scheduled(config):
    gone = stack_under_test(config, {"ListSchedules": refused("ResourceNotFoundException")})

    assert worst(gone, "schedules").verdict is Verdict.FAIL
