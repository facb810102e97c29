"""Checks of the SES identity that sends, and of its configuration set."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from afterbill_console.adapters.health.stack import ExaminedStack
from afterbill_console.health.findings import Finding, Findings, Verdict, fail, ok, skipped, warn

_EVENTS = {"SEND", "DELIVERY", "BOUNCE", "COMPLAINT"}
_LISTED = {"BOUNCE", "COMPLAINT"}
_DEPLOY = "build and deploy again: the template makes it"
_NO_FORWARDING = (
    "once mail events arrive: `aws sesv2 put-email-identity-feedback-attributes "
    "--email-identity {} --no-email-forwarding-enabled`"
)
_CNAMES = "the CNAME records it lists must stand in DNS"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def identity(stack: ExaminedStack) -> Findings:
    """Check that SES lets the sender's address send."""
    name, attributes, address = stack.identity_name, stack.identity, stack.parameter("SenderAddress")
    if attributes is None:
        yield fail(
            f"SES has no identity {name}",
            f"`aws sesv2 create-email-identity --email-identity {name}`",
            "no_identity",
            name=name,
        )
    elif not attributes.get("VerifiedForSendingStatus"):
        why = (
            attributes.get("VerificationInfo", {}).get("ErrorType")
            or attributes.get("VerificationStatus")
            or "not verified"
        )
        remedy = f"SES console, Identities, {name}: it lists what is missing in DNS"
        yield fail(f"{name} may not send: {why}", remedy, "identity_unverified", name=name)
    else:
        yield ok(f"{name} is verified")
        yield _mail_from(name, attributes.get("MailFromAttributes") or {})
        if attributes.get("FeedbackForwardingStatus"):
            problem = f"SES mails bounces and complaints to {address} too, beside our topic"
            yield warn(problem, _NO_FORWARDING.format(name), "forwarding")
    if address != name and address in stack.identities:
        yield _beside(address, name)


def _beside(address: str, domain: str) -> Finding:
    """Source: "Verified identities in Amazon SES": settings of an address take precedence over those of its domain."""
    problem = f"{address} is an identity of its own beside {domain}: what is set for {domain} may not count"
    remedy = f"`aws sesv2 delete-email-identity --email-identity {address}`, unless you want both"
    return warn(problem, remedy, "address_beside", name=domain)


def _mail_from(name: str, attributes: Mapping[str, Any]) -> Finding:
    domain, status = attributes.get("MailFromDomain"), attributes.get("MailFromDomainStatus")
    if not domain:
        problem = (
            "no MAIL FROM domain of its own: bounces go to amazonses.com, which spam filters count, DMARC rests on DKIM"
        )
        remedy = f"SES console, Identities, {name}, Custom MAIL FROM domain; docs/mail.md tells the records"
        return warn(problem, remedy, "no_mail_from")
    if status == "SUCCESS":
        return ok(f"MAIL FROM {domain} is set up")
    refused = attributes.get("BehaviorOnMxFailure") == "REJECT_MESSAGE"
    verdict, then = (Verdict.FAIL, "SES refuses to send") if refused else (Verdict.WARN, "SES uses amazonses.com")
    remedy = f"SES console, Identities, {name}, Custom MAIL FROM domain: it lists the MX and TXT records"
    return Finding(verdict, f"MAIL FROM {domain}: {status}, {then}", remedy, "mail_from", {"domain": domain})


def signature(stack: ExaminedStack) -> Findings:
    """Check that SES signs with DKIM, which one-click unsubscribing needs too (RFC 8058)."""
    name, attributes = stack.identity_name, stack.identity
    if attributes is None or not stack.in_dns:
        yield skipped(f"nothing is signed for {name}, which is no identity or never in DNS")
        return
    dkim = attributes.get("DkimAttributes") or {}
    status = dkim.get("Status", "NOT_STARTED")
    place = f"SES console, Identities, {name}, DKIM"
    if attributes.get("IdentityType") == "EMAIL_ADDRESS" and status != "SUCCESS":
        domain = stack.sender_domain
        remedy = f"verify {domain} in SES, with Easy DKIM"
        yield warn(f"{name} is an address, for which SES signs nothing", remedy, "unsigned_address", domain=domain)
    elif not dkim.get("SigningEnabled"):
        yield fail(
            "mails are not signed: one-click unsubscribing does not count, and many mails are spam",
            f"`aws sesv2 put-email-identity-dkim-attributes --email-identity {name} --signing-enabled`",
            "unsigned",
        )
    elif status == "SUCCESS":
        yield ok("mails are signed, List-Unsubscribe and List-Unsubscribe-Post included")
    elif status in {"PENDING", "TEMPORARY_FAILURE"}:
        yield warn(f"not signed yet: {status}", f"{place}: {_CNAMES}", "unsigned_yet")
    else:
        yield fail(f"mails are not signed: {status}", f"{place}: {_CNAMES}", "unsigned")


def links(stack: ExaminedStack) -> Findings:
    """Check that links use https, which one-click unsubscribing needs."""
    name = stack.parameter("DomainName")
    url = stack.parameter("PublicUrl") or (f"https://{name}" if name else stack.deployed.output("ApiUrl"))
    parts = urlsplit(url)
    if parts.scheme == "https":
        yield ok(f"links and one-click unsubscribing go to {url}")
    elif parts.hostname in _LOOPBACK:
        remedy = "deploy to AWS with an https address as PublicUrl, or without one"
        yield warn(f"links go to this machine: {url}", remedy, "links_here")
    else:
        yield fail(
            f"links are not encrypted: {url}", "deploy with an https address as PublicUrl", "links_plain", url=url
        )


def configuration_set(stack: ExaminedStack) -> Findings:
    """Check that the configuration set sends, measures and publishes mail events."""
    name = stack.deployed.output("ConfigurationSetName")
    ses = stack.client("sesv2")
    try:
        settings = ses.get_configuration_set(ConfigurationSetName=name)
    except ses.exceptions.NotFoundException:
        yield fail(f"SES has no configuration set {name}: no survey can be sent", _DEPLOY, "no_configuration_set")
        return
    findings = [*_options(name, settings), *_suppression(stack, settings)]
    destinations = ses.get_configuration_set_event_destinations(ConfigurationSetName=name)["EventDestinations"]
    findings += _events(destinations, stack.deployed.output("MailEventsTopicArn"))
    yield from findings or [ok(f"{name} sends, measures, and tells what becomes of mails")]


def _options(name: str, settings: Mapping[str, Any]) -> Findings:
    if not settings.get("SendingOptions", {}).get("SendingEnabled", True):
        yield fail(
            f"sending with {name} is switched off",
            f"`aws sesv2 put-configuration-set-sending-options --configuration-set-name {name} --sending-enabled`",
            "set_off",
        )
    if not settings.get("ReputationOptions", {}).get("ReputationMetricsEnabled"):
        yield warn(f"{name} measures no bounce and complaint rates", _DEPLOY, "not_measured")


def _suppression(stack: ExaminedStack, settings: Mapping[str, Any]) -> Findings:
    """Check the suppression list; the account's setting counts where the set has none."""
    own = settings.get("SuppressionOptions") or {}
    listed = own if "SuppressedReasons" in own else stack.account.get("SuppressionAttributes", {})
    if missing := _LISTED - set(listed.get("SuppressedReasons", ())):
        reasons = " and ".join(sorted(missing))
        yield warn(f"SES does not keep a suppression list for {reasons}", _DEPLOY, "no_suppression_list")


def _events(destinations: list[Mapping[str, Any]], topic: str) -> Findings:
    reported: set[str] = set()
    for destination in destinations:
        if destination.get("Enabled") and destination.get("SnsDestination", {}).get("TopicArn") == topic:
            reported |= set(destination.get("MatchingEventTypes", ()))
    if missing := _EVENTS - reported:
        events = ", ".join(sorted(missing))
        yield fail(f"SES does not tell us of {events}", _DEPLOY, "no_mail_events", events=events)


def subscription(stack: ExaminedStack) -> Findings:
    """Check that the topic of mail events delivers to the queue."""
    topic = stack.deployed.output("MailEventsTopicArn")
    queue = stack.deployed.output("MailEventsUrl").rpartition("/")[2]
    pages = stack.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    subscriptions = [each for page in pages for each in page["Subscriptions"] if each["Protocol"] == "sqs"]
    if any(each["Endpoint"].endswith(f":{queue}") for each in subscriptions):
        yield ok("bounces, complaints and deliveries go to the queue of handle_mail_event")
    else:
        yield fail("no bounce reaches handle_mail_event: the topic has lost its queue", _DEPLOY, "no_mail_queue")
