"""Mails as their recipients see them, and the links in them."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen


@dataclass(frozen=True)
class ReceivedMail:
    """One mail."""

    to: str
    subject: str
    html: str
    text: str
    headers: Mapping[str, str]

    def rating_link(self, rating: int) -> str:
        """Return the link of this number in the mail."""
        return next(link for link in links(self.html) if parse_qs(urlsplit(link).query).get("rating") == [str(rating)])

    @property
    def answer_url(self) -> str:
        """The answer page, without a rating; scales begin at 0 or 1."""
        return self.rating_link(1).partition("?")[0]

    @property
    def unsubscribe_url(self) -> str:
        """The address to which a mail program posts an unsubscription (RFC 8058)."""
        return self.headers["List-Unsubscribe"].strip("<>")


def received_mails(inbox_url: str) -> list[ReceivedMail]:
    """Every mail so far, the oldest first."""
    return [_received(mail) for mail in _fetch(inbox_url)]


def texts(inbox_url: str, number: str) -> list[str]:
    """Every text message to this number so far, the oldest first."""
    return [one["text"] for one in _fetch(inbox_url, "texts.json") if one["to"] == number]


def count_by_recipient(inbox_url: str) -> Counter[str]:
    """Count the mails of each address."""
    return Counter(mail["to"][0] for mail in _fetch(inbox_url))


def links(html: str) -> list[str]:
    """The address of every link, as a mail program reads them."""
    parser = _Links()
    parser.feed(html)
    return parser.addresses


def _fetch(inbox_url: str, page: str = "mails.json") -> list[dict[str, Any]]:
    with urlopen(f"{inbox_url}{page}", timeout=30) as answer:  # noqa: S310 (on loopback)
        mails: list[dict[str, Any]] = json.load(answer)
    return mails


def _received(mail: dict[str, Any]) -> ReceivedMail:
    return ReceivedMail(mail["to"][0], mail["subject"], mail["html"], mail["text"], dict(mail["headers"]))


@dataclass
class _Links(HTMLParser):
    addresses: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get("href")
        if tag == "a" and address:
            self.addresses.append(address)
