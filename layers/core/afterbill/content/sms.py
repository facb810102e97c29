"""Text messages of claimed invitations: one part where possible, never more parts than the operator allows."""

import unicodedata
from collections.abc import Callable, Iterator, Mapping

from afterbill.content.brand import Brand
from afterbill.content.untrusted import greeting_name
from afterbill.content.wording import Catalog, Words
from afterbill.model.channels import SmsPolicy
from afterbill.model.customer import Customer
from afterbill.model.invitation import Invitation
from afterbill.model.messages import INVITATION_TAG, Sms
from afterbill.model.sms_parts import parts, plain


def text_composer(
    public_url: str, brand: Brand, catalogs: Mapping[str, Catalog], policy: SmsPolicy
) -> Callable[[Invitation, Customer, str, str], Sms]:
    """Return what composes the message for an invitation, its customer, an E.164 number and a short link's code."""
    words, base = Words(brand, catalogs), public_url.rstrip("/")

    def compose(invitation: Invitation, customer: Customer, number: str, code: str) -> Sms:
        wording = words(invitation.locale or None, invitation.touchpoint, invitation.stage)
        link = f"{base}/c/{code}"
        bare = plain(wording("sms_text", link=link))
        name = greeting_name(customer.name)
        greeting = plain(wording("sms_greeting", name=name)) if name else ""
        return Sms(number, _fitted(bare, greeting, link, policy.most_segments), {INVITATION_TAG: invitation.id})

    return compose


def _fitted(bare: str, greeting: str, link: str, most: int) -> str:
    """Add the greeting where it costs nothing; cut words that cost too much, but never the link."""
    if greeting and parts(f"{greeting} {bare}") <= min(parts(bare), most):
        return f"{greeting} {bare}"
    if parts(bare) <= most:
        return bare
    before, _, after = bare.partition(link)
    return next((text for text in _shorter(before, link, after) if parts(text) <= most), link)


def _shorter(before: str, link: str, after: str) -> Iterator[str]:
    """Yield the text with the words before the link cut further and further, never inside a character."""
    for end in range(len(before), -1, -1):
        inside = end < len(before) and (unicodedata.combining(before[end]) or before[end - 1 : end] == "\u200d")
        if not inside:
            yield f"{before[:end].rstrip()} {link}{after}".strip()
