"""Facts about a stack for the papers: its parameters, configuration and brand, and no address of a person."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from afterbill.connectors import registry
from afterbill.content.brand import Brand
from afterbill.intake.connector import Address
from afterbill.model.channels import Channel
from afterbill.model.errors import ConfigurationError
from afterbill.outreach.policy import Policy
from afterbill_cli.deployed import Deployed

_OWN_FORMATS = frozenset({"standard_webhooks", "cloudevents"})
"""Providers that are a format of webhooks, so that nobody but the operator is behind them."""
_NEEDED = {
    "AlarmEmail",
    "BehindCloudFront",
    "DeletionProtection",
    "DomainName",
    "EvidenceDays",
    "LogRetentionDays",
    "RecoveryDays",
    "SenderAddress",
    "SmsService",
    "ThrottleRate",
}
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|#])")


@dataclass(frozen=True, slots=True)
class StackFacts:
    """The values of a stack's CloudFormation template; `sms` is the service for text messages, or `none`.

    AlarmEmail is known as whether it is set, SenderAddress by its domain: both may be somebody's own address.
    """

    name: str
    region: str
    table: str
    ledger: str
    recovery_days: int
    evidence_days: int
    log_days: int
    sms: str
    alarms_mailed: bool
    sender_domain: str
    api_host: str
    cloudfront: bool
    table_protected: bool
    throttle: int
    console: bool = False


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """One configured source. `asked`: requests may go to the provider's API, `polled`: it sends no webhooks.

    `own`: the sender is the operator. `address`: mail addresses may come from the API, not with the webhook.
    """

    name: str
    provider: str
    asked: bool
    polled: bool
    own: bool
    address: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the papers are filled with; texts are safe within a table of Markdown."""

    today: date
    stack: StackFacts
    policy: Policy
    company: str
    product: str
    contact: str
    imprint: tuple[str, ...]
    privacy_url: str
    logo: bool
    handed_on: bool

    @property
    def sources(self) -> tuple[SourceFacts, ...]:
        """The configured sources by name."""
        return tuple(_sources(self.policy))

    @property
    def touchpoints(self) -> tuple[str, ...]:
        """The touchpoints that ask."""
        return tuple(str(name) for name, rule in self.policy.rules.items() if rule.ask)

    @property
    def channels(self) -> frozenset[str]:
        """The channels that a customer can be asked by; text messages only where the stack has a service for them."""
        chosen = {channel for rule in self.policy.rules.values() if rule.ask for channel in rule.channels}
        usable = chosen if self.stack.sms != "none" else chosen - {Channel.SMS}
        return frozenset(map(str, usable | {Channel.LINK for _ in self.policy.links}))

    @property
    def reminded(self) -> bool:
        """Return whether anybody is asked a second time who did not answer."""
        return any(rule.ask and rule.reminder for rule in self.policy.rules.values())

    @property
    def needs(self) -> Mapping[str, str]:
        """The need before a survey is sent, by the code of the country; the default is under the empty code."""
        legal = self.policy.legal
        return {"": str(legal.default)} | {country: str(need) for country, need in sorted(legal.countries.items())}


def facts_of(stack: Deployed, policy: Policy, brand: Brand, today: date) -> Facts:
    """Return what the papers are filled with; ConfigurationError where the stack is of an older version."""
    return Facts(
        today=today,
        stack=_stack_facts(stack),
        policy=policy,
        company=plain(brand.company),
        product=plain(brand.product),
        contact=plain(brand.reply_to),
        imprint=tuple(plain(line) for line in brand.imprint.splitlines() if line.strip()),
        privacy_url=brand.privacy_url,
        logo=bool(brand.logo_url),
        handed_on=_handed_on(brand),
    )


def plain(text: str) -> str:
    """Return a text of the operator on one line, with the signs that Markdown would read escaped."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def _stack_facts(stack: Deployed) -> StackFacts:
    cloudformation = stack.client("cloudformation")
    (described,) = cloudformation.describe_stacks(StackName=stack.name)["Stacks"]
    given = {one["ParameterKey"]: one.get("ParameterValue", "") for one in described.get("Parameters", ())}
    if missing := _NEEDED - given.keys():
        names = ", ".join(sorted(missing))
        raise ConfigurationError(f"stack {stack.name} has no parameter {names}: build and deploy this version first")
    return StackFacts(
        name=plain(stack.name),
        region=cloudformation.meta.region_name,
        table=stack.output("TableName"),
        ledger=stack.output("LedgerTableName"),
        recovery_days=int(given["RecoveryDays"]),
        evidence_days=int(given["EvidenceDays"]),
        log_days=int(given["LogRetentionDays"]),
        sms=given["SmsService"],
        alarms_mailed=bool(given["AlarmEmail"]),
        sender_domain=given["SenderAddress"].rpartition("@")[2],
        api_host=given["DomainName"] or stack.output("ApiUrl").partition("://")[2].partition("/")[0],
        cloudfront=given["BehindCloudFront"] == "true",
        table_protected=given["DeletionProtection"] == "true",
        throttle=int(given["ThrottleRate"]),
        console=given.get("Console") == "true",
    )


def _sources(policy: Policy) -> Iterator[SourceFacts]:
    for name, source in sorted(policy.sources.items()):
        connector = registry.load(source.provider)
        yield SourceFacts(
            plain(name),
            connector.ABOUT.title,
            asked=connector.API is not None,
            polled=connector.poller is not None,
            own=source.provider in _OWN_FORMATS,
            address=connector.ABOUT.address in {Address.MIXED, Address.API},
        )


def _handed_on(brand: Brand) -> bool:
    """Tell whether a page leads to a site outside: to write a review, or where friends are sent."""
    voices = [brand.voice(touchpoint) for touchpoint in ("", *brand.touchpoints)]
    return any(voice.review_url or voice.referral_url for voice in voices)
