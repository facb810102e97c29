"""Every reason for which a survey was not sent, or had to wait, in words an operator can act on."""

from collections.abc import Mapping

from afterbill.model.invitation import SkipReason

WHY: Mapping[SkipReason, str] = {
    SkipReason.NOT_ASKED: "ask = false under {place} or [defaults]",
    SkipReason.TEST_MODE: "an event of the provider's test mode about an address that [test] recipients does not name",
    SkipReason.NO_CUSTOMER: "nobody is known whom it is about, or they were erased",
    SkipReason.NO_ADDRESS: "no mail address of the customer is known",
    SkipReason.CUSTOMER_DELETED: "the billing system says that the customer was deleted",
    SkipReason.SUPPRESSED: "somebody objected or complained, or the address bounced: see `afterbill suppression show`",
    SkipReason.STOPPED: "a refund, dispute, failed payment, cancelled order or end of a subscription took it back",
    SkipReason.NOT_PAID: "nothing was paid, and paid_only = true under {place} or [defaults]",
    SkipReason.NOT_SAMPLED: "this customer is not in the sample: sampling under {place} or [defaults]",
    SkipReason.COOLDOWN: "the customer or the address was asked within the cooldown of {place} or [defaults]",
    SkipReason.SUPERSEDED: "another survey of this customer says more: priority under {place} or [defaults]",
    SkipReason.EXPIRED: "it is later than delay and patience of {place} or [defaults] allow",
    SkipReason.REJECTED: "SES, or the SMS service, will never take this message",
    SkipReason.FAILED: "nobody knows whether the mail went out, and nothing was heard of it for a day",
    SkipReason.NO_BASIS: "no legal basis is known for the customer's country: [legal], docs/legal-basis.md",
    SkipReason.BAD_ADDRESS: "the mail address cannot be one",
    SkipReason.ROLE_ADDRESS: "the mail address is a function's and not a person's",
    SkipReason.QUOTA: "the month's quota of {place} is used up",
    SkipReason.LIMIT: "per_hour or per_day under [sending] is used up",
    SkipReason.SERVICE_QUOTA: "the day quota of SES, or the spend limit of text messages, is used up",
    SkipReason.WINDOW: "mail leaves spread over the window of {place} or [defaults], where the customer lives",
    SkipReason.ANSWERED: "it was answered, or a tap in the mail waits to be judged",
    SkipReason.NO_PHONE: "no phone number of the customer is known, or the stack sends no text messages (SmsService)",
    SkipReason.BAD_PHONE: "the phone number cannot be one that gets text messages",
    SkipReason.NOT_SEEN: "the customer has not used the product within seen_within of {place} or [defaults]",
    SkipReason.DISMISSED: "the customer closed it inside the product",
    SkipReason.WITHDRAWN: "the end of the subscription was taken back",
    SkipReason.RESTRICTED: "the use of this customer's data is restricted",
    SkipReason.ERASED: "the customer was removed",
    SkipReason.STILL_SUBSCRIBED: "the customer still has another subscription, so nobody is leaving",
}


def why(reason: SkipReason, touchpoint: str) -> str:
    """The words for one reason, with the table of surveys.toml that decides it."""
    return WHY[reason].format(place=f"[touchpoints.{touchpoint}]")
