"""From a claimed invitation to the mail that goes out: links, headers, tags."""

from collections.abc import Callable, Mapping
from email.utils import formataddr

from afterbill.domain.brand import Brand, Catalog
from afterbill.domain.customer import Customer
from afterbill.domain.invitation import RETENTION, Invitation
from afterbill.domain.links import Purpose, sign
from afterbill.domain.mail import INVITATION_TAG, Mail
from afterbill.mail.render import SurveyMail, render_survey


def composer(
    public_url: str,
    sender_address: str,
    current_keys: Callable[[], Mapping[int, bytes]],
    brand: Brand,
    catalogs: Mapping[str, Catalog],
) -> Callable[[Invitation, Customer], Mail]:
    """Gives the mail for an invitation (its `claimed_at` set) to a customer (its address known)."""
    sender = formataddr((brand.sender_name, sender_address))
    base = public_url.rstrip("/")

    def compose(invitation: Invitation, customer: Customer) -> Mail:
        keys = current_keys()
        asked_at = invitation.claimed_at or invitation.due_at
        answer = sign(Purpose.SURVEY, invitation.id, invitation.answer_until, keys)
        unsubscribe = f"{base}/u/{sign(Purpose.UNSUBSCRIBE, invitation.id, asked_at + RETENTION, keys)}"
        survey = SurveyMail(
            locale=invitation.locale or None,
            customer_name=customer.name,
            touchpoint=invitation.touchpoint,
            answer_url=f"{base}/s/{answer}",
            unsubscribe_url=unsubscribe,
        )
        message = render_survey(survey, brand, catalogs)
        return Mail(
            to=customer.address or "",
            sender=sender,
            reply_to=brand.reply_to or None,
            subject=message.subject,
            text=message.text,
            html=message.html,
            headers=_unsubscribe_headers(unsubscribe),
            tags={INVITATION_TAG: invitation.id},
        )

    return compose


def _unsubscribe_headers(url: str) -> Mapping[str, str]:
    """One-click unsubscribe (RFC 8058); in this order, as SES documents it."""
    return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
