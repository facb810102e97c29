"""How long each kind of data is kept."""

from dataclasses import dataclass
from datetime import timedelta

from afterbill.model.invitation import RETENTION


@dataclass(frozen=True, slots=True)
class Retention:
    """The periods of `[retention]` in surveys.toml.

    `responses`: invitations with their answers, counted from the last moment they could be sent; scores need them for a
    year, so it is 400 days at least. `customers`: counted from the last event, survey or visit of the customer.
    `comments`: words of an answer, counted from the answer. `visits`: uses of links, counted from each. `audit`: the
    trail of who looked at what.
    """

    responses: timedelta = RETENTION
    customers: timedelta = timedelta(days=730)
    comments: timedelta = timedelta(days=365)
    visits: timedelta = timedelta(days=90)
    audit: timedelta = timedelta(days=1095)
