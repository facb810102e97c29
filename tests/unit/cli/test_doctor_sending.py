"""`afterbill doctor`: the SES account, its quota, the identity, the configuration set."""

from dataclasses import replace

import pytest

from afterbill.adapters.dynamodb.tallies import tally_item
from afterbill.insight.nps import Tally
from afterbill.model.billing import Touchpoint
from afterbill.model.channels import Channel
from afterbill_console.health.findings import Verdict
from tests.unit.cli.stacks_under_test import (
    EVENTS,
    HEALTHY,
    IDENTITY,
    NOW,
    SES,
    capped,
    findings,
    identities,
    measured,
    refused,
    stack_under_test,
    worst,
)

SET = HEALTHY["GetConfigurationSet"]


def account(config, **different):
    return stack_under_test(config, {"GetAccount": SES | different})


def allowed(config, *, day=50000.0, rate=14.0, sent=0.0, **caps):
    quota = {"Max24HourSend": day, "MaxSendRate": rate, "SentLast24Hours": sent}
    return capped(stack_under_test(config, {"GetAccount": SES | {"SendQuota": quota}}), **caps)


def under(config, **different):
    return stack_under_test(config, {"GetEmailIdentity": identities({"acme.com": IDENTITY | different})})


def dkim(**different):
    return {"DkimAttributes": IDENTITY["DkimAttributes"] | different}


# account


@pytest.mark.parametrize(
    ("different", "verdict", "expected"),
    [
        ({}, Verdict.OK, "to anybody (HEALTHY)"),
        ({"SendingEnabled": False}, Verdict.FAIL, "does not send"),
        ({"EnforcementStatus": "SHUTDOWN"}, Verdict.FAIL, "shut"),
        ({"EnforcementStatus": "PROBATION"}, Verdict.WARN, "under review"),
        ({"ProductionAccessEnabled": False}, Verdict.FAIL, "sandbox: only verified addresses get mail"),
    ],
)
def test_the_account_must_send_to_anybody(config, different, verdict, expected):
    finding = worst(account(config, **different), "SES account")

    assert (finding.verdict, expected in finding.text) == (verdict, True)


def test_a_request_to_leave_the_sandbox_is_told_of(config):
    details = {"ReviewDetails": {"Status": "DENIED"}}

    finding = worst(account(config, ProductionAccessEnabled=False, Details=details), "SES account")

    assert "the request is DENIED" in finding.text
    assert "request production access" in finding.remedy


# quota


def test_caps_below_the_quota_are_in_order(config):
    assert worst(allowed(config, sent=120, per_hour=500, per_day=10000), "SES quota").text == (
        "120 of 50000 mails in 24 hours, 14 a second; surveys.toml: 500 an hour, 10000 a day"
    )


@pytest.mark.parametrize(
    ("caps", "ses", "remedy"),
    [
        ({"per_day": 1000}, {"day": 200.0}, "per_day = 200 or less"),
        ({"per_hour": 5000}, {"rate": 1.0, "day": 50000.0}, "per_hour = 3600 or less"),
        ({}, {"rate": 1.0}, "mails wait and are tried again"),
    ],
)
def test_what_ses_does_not_take_is_better_not_sent(config, caps, ses, remedy):
    reported = findings(allowed(config, **ses, **caps), "SES quota")

    assert {one.verdict for one in reported} == {Verdict.WARN}
    assert any(remedy in one.remedy for one in reported)


def test_no_more_copies_should_send_than_ses_takes(config):
    examined = stack_under_test(config, {"GetAccount": SES}, parameters={"SendConcurrency": "20"})

    assert "SendConcurrency=14" in worst(capped(examined), "SES quota").remedy


@pytest.mark.parametrize(("sent", "verdict"), [(159, Verdict.OK), (160, Verdict.WARN), (200, Verdict.FAIL)])
def test_a_quota_that_is_nearly_used_up_is_told(config, sent, verdict):
    assert worst(allowed(config, day=200.0, sent=sent), "SES quota").verdict is verdict


def test_a_quota_without_limit_is_never_used_up(config):
    finding = worst(allowed(config, day=-1.0, sent=9_123_456, per_day=1_000_000), "SES quota")

    assert (finding.verdict, finding.text.split(" in ")[0]) == (Verdict.OK, "9123456 mails")


# text messages


@pytest.mark.parametrize(
    ("service", "channels", "verdict"),
    [
        ("none", (Channel.MAIL,), Verdict.OK),
        ("eum", (Channel.SMS, Channel.MAIL), Verdict.OK),
        ("none", (Channel.SMS, Channel.MAIL), Verdict.FAIL),
    ],
)
def test_who_asks_by_text_message_needs_a_service_for_it(config, service, channels, verdict):
    examined = stack_under_test(config, parameters={"SmsService": service})
    rules = examined.policy.rules
    rule = replace(rules[Touchpoint.RENEWED], ask=True, channels=channels)
    vars(examined)["policy"] = replace(examined.policy, rules={**rules, Touchpoint.RENEWED: rule})

    finding = worst(examined, "text messages")

    assert finding.verdict is verdict
    assert ("SmsService is none, and" in finding.text and "renewed" in finding.text) is (verdict is Verdict.FAIL)


# rates and the circuit breaker


@pytest.mark.parametrize(
    ("bounces", "complaints", "verdict"),
    [
        (None, None, Verdict.OK),
        (0.01, 0.0001, Verdict.OK),
        (0.03, 0.0001, Verdict.WARN),
        (0.01, 0.0007, Verdict.WARN),
        (0.05, 0.0001, Verdict.FAIL),
        (0.01, 0.001, Verdict.FAIL),
    ],
)
def test_bounces_and_complaints_are_measured_by_the_rates_that_stop_sending(config, bounces, complaints, verdict):
    caps = {"max_bounce_rate": 0.04, "max_complaint_rate": 0.0008}
    examined = capped(stack_under_test(config, {"GetMetricData": measured(bounces, complaints)}), **caps)

    assert worst(examined, "reputation").verdict is verdict


def test_a_stop_of_our_own_is_told_with_its_reason(config):
    assert worst(stack_under_test(config), "circuit breaker").verdict is Verdict.OK

    stopped = stack_under_test(config, {"GetItem": {"Item": {"reason": {"S": "5 % bounced"}}}})

    assert worst(stopped, "circuit breaker").verdict is Verdict.FAIL
    assert "5 % bounced" in worst(stopped, "circuit breaker").text


def test_a_restored_table_fails_and_the_command_that_mends_it_is_told(config):
    def items(asked):
        return {"Item": {"entries": {"N": "7"}}} if asked["Key"]["pk"]["S"] == "NEWEST" else {}

    assert worst(stack_under_test(config), "ledger").verdict is Verdict.OK

    restored = worst(stack_under_test(config, {"GetItem": items}), "ledger")

    assert restored.verdict is Verdict.FAIL
    assert "misses 7 of the entries" in restored.text
    assert "`afterbill privacy reapply`" in restored.remedy


def test_what_is_over_a_limit_by_too_few_mails_to_stop_is_a_warning(config):
    def tallies(asked):
        key = asked["ExpressionAttributeValues"][":pk"]["S"]
        name = "mail" if key.endswith("#channel") else "shop/order_paid"
        return {"Items": [tally_item(key.rpartition("#")[2], NOW.date(), {name: Tally(sent=60, bounced=5)})]}

    finding = worst(stack_under_test(config, {"Query": tallies}), "circuit breaker")

    assert finding.verdict is Verdict.WARN
    assert finding.text.startswith("5 of 60 mails bounced (8.33 %, the limit is 4.00 %): 5 of 60 about order_paid of")
    assert "`afterbill sending`" in finding.remedy


# identity


def test_a_verified_domain_with_its_own_mail_from_is_in_order(config):
    texts = [one.text for one in findings(stack_under_test(config), "identity")]

    assert texts == ["acme.com is verified", "MAIL FROM bounce.acme.com is set up"]


def test_an_identity_that_is_not_there_can_be_made(config):
    examined = stack_under_test(config, {"GetEmailIdentity": refused("NotFoundException")})

    assert worst(examined, "identity").remedy == "`aws sesv2 create-email-identity --email-identity acme.com`"
    assert worst(examined, "signature").verdict is Verdict.SKIPPED
    assert worst(examined, "DKIM").verdict is Verdict.SKIPPED


@pytest.mark.parametrize(
    ("known", "sending"),
    [
        ({"acme.com"}, "acme.com"),
        ({"mail.acme.com", "acme.com"}, "mail.acme.com"),
        ({"survey@mail.acme.com", "acme.com"}, "acme.com"),
        ({"survey@mail.acme.com"}, "survey@mail.acme.com"),
    ],
)
def test_the_identity_is_that_of_the_nearest_domain_else_of_the_address(config, known, sending):
    answers = {"GetEmailIdentity": identities(dict.fromkeys(known, IDENTITY))}
    examined = stack_under_test(config, answers, parameters={"SenderAddress": "survey@mail.acme.com"})

    assert findings(examined, "identity")[0].text == f"{sending} is verified"


def test_an_address_beside_its_domain_is_told(config):
    """The console's wizard verifies an address too, and its settings win."""
    answers = {"GetEmailIdentity": identities({"acme.com": IDENTITY, "survey@acme.com": IDENTITY})}

    finding = worst(stack_under_test(config, answers), "identity")

    assert finding.verdict is Verdict.WARN
    assert finding.text.startswith("survey@acme.com is an identity of its own beside acme.com")
    assert finding.remedy == "`aws sesv2 delete-email-identity --email-identity survey@acme.com`, unless you want both"


def test_an_identity_that_is_not_verified_says_why(config):
    info = {"ErrorType": "HOST_NOT_FOUND"}

    finding = worst(under(config, VerifiedForSendingStatus=False, VerificationInfo=info), "identity")

    assert (finding.verdict, finding.text) == (Verdict.FAIL, "acme.com may not send: HOST_NOT_FOUND")


@pytest.mark.parametrize(
    ("mail_from", "verdict", "expected"),
    [
        ({}, Verdict.WARN, "DMARC rests on DKIM"),
        ({"MailFromDomainStatus": "FAILED"}, Verdict.WARN, "SES uses amazonses.com"),
        (
            {"MailFromDomainStatus": "FAILED", "BehaviorOnMxFailure": "REJECT_MESSAGE"},
            Verdict.FAIL,
            "SES refuses to send",
        ),
    ],
)
def test_a_mail_from_domain_of_ones_own_must_be_set_up(config, mail_from, verdict, expected):
    attributes = {"MailFromAttributes": IDENTITY["MailFromAttributes"] | mail_from}
    bare = {"VerifiedForSendingStatus": True}

    known = {"acme.com": bare | (attributes if mail_from else {})}
    finding = findings(stack_under_test(config, {"GetEmailIdentity": identities(known)}), "identity")[-1]

    assert (finding.verdict, expected in finding.text) == (verdict, True)


@pytest.mark.parametrize(
    ("different", "verdict"),
    [
        ({}, Verdict.OK),
        ({"SigningEnabled": False}, Verdict.FAIL),
        ({"Status": "PENDING"}, Verdict.WARN),
        ({"Status": "FAILED"}, Verdict.FAIL),
    ],
)
def test_one_click_unsubscribing_rests_on_a_signature(config, different, verdict):
    finding = worst(under(config, **dkim(**different)), "signature")

    assert finding.verdict is verdict
    assert ("List-Unsubscribe" in finding.text) is (verdict is Verdict.OK)


def test_bounces_that_ses_mails_to_the_sender_too_are_told(config):
    finding = worst(under(config, FeedbackForwardingStatus=True), "identity")

    assert (finding.verdict, "survey@acme.com" in finding.text) == (Verdict.WARN, True)
    assert "--email-identity acme.com --no-email-forwarding-enabled" in finding.remedy


def test_for_an_address_nothing_is_signed_until_its_domain_is_verified(config):
    unsigned = {"IdentityType": "EMAIL_ADDRESS", **dkim(SigningEnabled=False, Status="NOT_STARTED")}

    finding = worst(under(config, **unsigned), "signature")

    assert (finding.verdict, finding.remedy) == (Verdict.WARN, "verify acme.com in SES, with Easy DKIM")


@pytest.mark.parametrize(
    ("url", "verdict"),
    [
        ("", Verdict.OK),
        ("https://nps.acme.com", Verdict.OK),
        ("http://127.0.0.1:8480", Verdict.WARN),
        ("http://nps.acme.com", Verdict.FAIL),
    ],
)
def test_links_must_be_encrypted(config, url, verdict):
    assert worst(stack_under_test(config, parameters={"PublicUrl": url}), "links").verdict is verdict


def test_links_go_to_the_domain_of_the_stack(config):
    finding = worst(stack_under_test(config, parameters={"DomainName": "nps.acme.com"}), "links")

    assert (finding.verdict, finding.text.endswith("go to https://nps.acme.com")) == (Verdict.OK, True)


# configuration set and what it tells


def in_set(config, **different):
    return stack_under_test(config, {"GetConfigurationSet": SET | different})


@pytest.mark.parametrize(
    ("different", "verdict", "expected"),
    [
        ({}, Verdict.OK, "tells what becomes of mails"),
        ({"SendingOptions": {"SendingEnabled": False}}, Verdict.FAIL, "switched off"),
        ({"ReputationOptions": {"ReputationMetricsEnabled": False}}, Verdict.WARN, "measures no"),
        ({"SuppressionOptions": {"SuppressedReasons": ["BOUNCE"]}}, Verdict.WARN, "suppression list for COMPLAINT"),
        ({"SuppressionOptions": {}}, Verdict.OK, "sends"),
    ],
)
def test_the_configuration_set_sends_and_measures(config, different, verdict, expected):
    finding = worst(in_set(config, **different), "configuration set")

    assert (finding.verdict, expected in finding.text) == (verdict, True)


def test_what_the_configuration_set_does_not_suppress_the_account_may(config):
    bare = {name: value for name, value in SET.items() if name != "SuppressionOptions"}
    answers = {"GetConfigurationSet": bare, "GetAccount": SES | {"SuppressionAttributes": {"SuppressedReasons": []}}}

    assert "BOUNCE and COMPLAINT" in worst(stack_under_test(config, answers), "configuration set").text


def test_without_its_configuration_set_nothing_is_sent(config):
    gone = stack_under_test(config, {"GetConfigurationSet": refused("NotFoundException")})

    assert worst(gone, "configuration set").verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("different", "expected"),
    [
        ({"MatchingEventTypes": ["SEND", "DELIVERY"]}, "BOUNCE, COMPLAINT"),
        ({"Enabled": False}, "BOUNCE, COMPLAINT, DELIVERY, SEND"),
        ({"SnsDestination": {"TopicArn": "arn:aws:sns:us-east-1:1:another"}}, "BOUNCE, COMPLAINT, DELIVERY, SEND"),
    ],
)
def test_every_event_we_live_by_must_be_told(config, different, expected):
    examined = stack_under_test(
        config, {"GetConfigurationSetEventDestinations": {"EventDestinations": [EVENTS | different]}}
    )

    assert worst(examined, "configuration set").text == f"SES does not tell us of {expected}"


def test_what_ses_tells_must_reach_the_queue(config):
    assert worst(stack_under_test(config), "mail events").verdict is Verdict.OK
    assert worst(stack_under_test(config, {"ListSubscriptionsByTopic": {}}), "mail events").verdict is Verdict.UNKNOWN
    deaf = stack_under_test(config, {"ListSubscriptionsByTopic": {"Subscriptions": []}})
    assert worst(deaf, "mail events").verdict is Verdict.FAIL
