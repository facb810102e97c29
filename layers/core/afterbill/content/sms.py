"""From a claimed invitation to its text message: one part where possible, and never more than the operator pays for."""

import unicodedata
from collections.abc import Callable, Iterator, Mapping

from afterbill.content.brand import Brand
from afterbill.content.mail.render import greeting_name
from afterbill.content.wording import Catalog, Words
from afterbill.model.channels import SmsPolicy
from afterbill.model.customer import Customer
from afterbill.model.invitation import Invitation
from afterbill.model.messages import INVITATION_TAG, Sms
from afterbill.model.sms_parts import parts, plain


def text_composer(
    public_url: str, brand: Brand, catalogs: Mapping[str, Catalog], policy: SmsPolicy
) -> Callable[[Invitation, Customer, str, str], Sms]:
    """Gives the message about an invitation to a customer, at an E.164 number, with the code of its short link."""
    words, base = Words(brand, catalogs), public_url.rstrip("/")

    def compose(invitation: Invitation, customer: Customer, number: str, code: str) -> Sms:
        said = words(invitation.locale or None, invitation.touchpoint, invitation.stage)
        link = f"{base}/c/{code}"
        bare = plain(said("sms_text", link=link))
        name = greeting_name(customer.name)
        greeting = plain(said("sms_greeting", name=name)) if name else ""
        return Sms(number, _fitted(bare, greeting, link, policy.most_segments), {INVITATION_TAG: invitation.id})

    return compose


def _fitted(bare: str, greeting: str, link: str, most: int) -> str:
    """The greeting where it costs nothing; of words that cost too much only their beginning, but the whole link."""
    if greeting and parts(f"{greeting} {bare}") <= min(parts(bare), most):
        return f"{greeting} {bare}"
    if parts(bare) <= most:
        return bare
    before, _, after = bare.partition(link)
    return next((text for text in _shorter(before, link, after) if parts(text) <= most), link)


def _shorter(before: str, link: str, after: str) -> Iterator[str]:
    """The words before the link cut further and further, never inside a character."""
    for end in range(len(before), -1, -1):
        inside = end < len(before) and (unicodedata.combining(before[end]) or before[end - 1 : end] == "\u200d")
        if not inside:
            yield f"{before[:end].rstrip()} {link}{after}".strip()
