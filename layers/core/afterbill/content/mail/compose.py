"""Compose the mail of a claimed invitation: links, sender, headers, tags."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, timedelta, tzinfo
from email.charset import Charset
from email.utils import formataddr
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from afterbill.content.brand import Brand
from afterbill.content.mail.render import Mails, SurveyMail
from afterbill.content.wording import Catalog
from afterbill.model.customer import Customer
from afterbill.model.invitation import RETENTION, Invitation
from afterbill.model.links import Purpose, sign
from afterbill.model.messages import INVITATION_TAG, Mail

_MOST_ENCODED = 75
_UTF_8 = Charset("utf-8")


def composer(  # noqa: PLR0913  # each is one thing of the stack or of its configuration
    public_url: str,
    sender_address: str,
    current_keys: Callable[[], Mapping[int, bytes]],
    brand: Brand,
    catalogs: Mapping[str, Catalog],
    *,
    templates: Path | None = None,
    zone: tzinfo = UTC,
    kept: timedelta = RETENTION,
) -> Callable[[Invitation, Customer], Mail]:
    """Return what composes the mail for an invitation (its `claimed_at` set) and its customer (the address known).

    `templates` is the folder of the operator's own templates, `zone` the time zone where the customer's is not known.
    Invitations are `kept` for this long, and the links to unsubscribe last as long.
    """
    mails = Mails(brand, catalogs, templates / "mail" if templates else None)
    base = public_url.rstrip("/")
    voice = cache(brand.voice)
    sender = cache(lambda name, address: sender_field(name, address or sender_address))

    def compose(invitation: Invitation, customer: Customer) -> Mail:
        keys = current_keys()
        asked_at = invitation.claimed_at or invitation.due_at
        answer = f"{base}/s/{sign(Purpose.SURVEY, invitation.id, invitation.answer_until, keys)}"
        unsubscribe = f"{base}/u/{sign(Purpose.UNSUBSCRIBE, invitation.id, asked_at + kept, keys)}"
        message = mails.survey(survey_mail(invitation, customer, (answer, unsubscribe), zone))
        speaker = voice(invitation.touchpoint)
        return Mail(
            to=customer.address or "",
            sender=sender(speaker.sender_name, speaker.sender_address),
            reply_to=speaker.reply_to,
            subject=message.subject,
            text=message.text,
            html=message.html,
            headers=_unsubscribe_headers(unsubscribe),
            tags={INVITATION_TAG: invitation.id},
        )

    return compose


def survey_mail(invitation: Invitation, customer: Customer, links: tuple[str, str], zone: tzinfo) -> SurveyMail:
    """Return the content of the mail; `links` are the one to answer and the one to unsubscribe."""
    answer_url, unsubscribe_url = links
    local = ZoneInfo(invitation.zone) if invitation.zone else zone
    return SurveyMail(
        locale=invitation.locale or None,
        customer_name=customer.name,
        touchpoint=invitation.touchpoint,
        stage=invitation.stage,
        answer_url=answer_url,
        unsubscribe_url=unsubscribe_url,
        occurred_on=invitation.occurred_at.astimezone(local).date(),
        money=invitation.money,
        plan=invitation.segments.get("plan") or next(iter(invitation.products), None),
        reminder=invitation.reminded_at is not None,
        question=invitation.question,
        test=invitation.test,
    )


def sender_field(name: str, address: str) -> str:
    """Return the value of From; a name that is not ASCII stands in encoded words (RFC 2047) parted by blanks.

    None is longer than 75 characters (section 2), and the first one fits into a line behind the header's name: whoever
    builds the mail may fold at every blank.
    """
    if name.isascii():
        return formataddr((name, address))
    return f"{' '.join(_encoded_words(name.strip()))} <{address}>"


def _encoded_words(name: str) -> Iterator[str]:
    """Return the encoded words of a name, cut behind its blanks: some readers show a blank between two of them.

    A word of the name that is too long for one is cut itself, never within a character.
    """
    room = _MOST_ENCODED - len("From: ")
    while name:
        fits = next(end for end in range(len(name), 0, -1) if len(_UTF_8.header_encode(name[:end])) <= room)
        end = fits if fits == len(name) else name.rfind(" ", 0, fits) + 1 or fits
        yield _UTF_8.header_encode(name[:end])
        name, room = name[end:], _MOST_ENCODED


def _unsubscribe_headers(url: str) -> Mapping[str, str]:
    """Return the headers of one-click unsubscribe (RFC 8058), in the order that SES documents."""
    return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
