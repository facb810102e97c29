"""Read from the API what became of a subscription."""

from collections.abc import Mapping
from dataclasses import replace

from afterbill.connectors._kit.envelope import Envelope
from afterbill.connectors._kit.json import Json, identifiers, reported, section, text
from afterbill.connectors.recurly.site import PATHS, Resolver, Site, amount_in, customer_of
from afterbill.connectors.recurly.states import ended_as_planned, is_converted, on_trial, state_of
from afterbill.connectors.recurly.words import payment_of
from afterbill.model.billing import BillingEvent, Money, SubscriptionState, Touchpoint


def _subscription(uuid: str, envelope: Envelope, site: Site) -> tuple[Json, BillingEvent]:
    """Return a subscription, and the profile update that it is."""
    document = site.get(PATHS["subscription"], uuid)
    customer, plan = customer_of(document, site, {}), section(document, "plan")
    objects = identifiers(subscription=uuid, customer=customer.id)
    name, state = text(plan.get("name")) or text(plan.get("code")), state_of(document)
    return document, envelope.profile(customer, objects, name, subscription_state=state)


def _begun(touchpoint: Touchpoint) -> Resolver:
    """A start or a renewal is the fact of its payment, told by the subscription and the day; a trial is none yet."""

    def read(uuid: str, envelope: Envelope, site: Site) -> tuple[BillingEvent, ...]:
        document, profile = _subscription(uuid, envelope, site)
        if document.get("state") == "future" or on_trial(document, envelope.occurred_at):
            return (profile,)
        if touchpoint is Touchpoint.RENEWED and is_converted(document):
            return (_fact(Touchpoint.TRIAL_CONVERTED, (uuid, "trial_converted", ""), envelope, profile),)
        about, money = payment_of(uuid, envelope.occurred_at, uuid), amount_in(document, "total", "subtotal")
        return (_fact(touchpoint, about, envelope, profile, money),)

    return read


def _fact(
    touchpoint: Touchpoint,
    about: tuple[str, str, str],
    envelope: Envelope,
    profile: BillingEvent,
    money: Money | None = None,
) -> BillingEvent:
    return envelope.fact(
        touchpoint,
        about,
        profile.customer,
        profile.objects,
        money=money,
        plan=profile.plan,
        subscription_state=profile.subscription_state,
    )


def _expired(uuid: str, envelope: Envelope, site: Site) -> tuple[BillingEvent, ...]:
    """The end: of a cancellation, one fact with its announcement, or as it was planned from the beginning."""
    document, profile = _subscription(uuid, envelope, site)
    if ended_as_planned(document):
        return (replace(profile, subscription_state=SubscriptionState.EXPIRED),)
    profile = replace(profile, subscription_state=None)
    fact = _fact(Touchpoint.CANCELLED, (uuid, "cancelled", ""), envelope, profile)
    reason, _ = reported(document.get("expiration_reason"))
    return (replace(fact, reported_reason=reason),)


def _updated(uuid: str, envelope: Envelope, site: Site) -> tuple[BillingEvent, ...]:
    return (_subscription(uuid, envelope, site)[1],)


def _runs(uuid: str, envelope: Envelope, site: Site) -> tuple[BillingEvent, ...]:
    return (replace(_subscription(uuid, envelope, site)[1], subscription_state=SubscriptionState.RUNNING),)


SUBSCRIPTIONS: Mapping[str, Resolver] = {
    "subscription.created": _begun(Touchpoint.SUBSCRIPTION_STARTED),
    "subscription.renewed": _begun(Touchpoint.RENEWED),
    "subscription.updated": _updated,
    "subscription.reactivated": _runs,
    "subscription.resumed": _runs,
    "subscription.expired": _expired,
}
"""Resolvers by kind of notification."""
