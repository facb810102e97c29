"""The ways a survey reaches somebody."""

from dataclasses import dataclass
from enum import StrEnum


class Channel(StrEnum):
    """The way a survey was asked, or an answer came in."""

    MAIL = "mail"
    SMS = "sms"
    IN_APP = "in_app"
    LINK = "link"
    API = "api"
    IMPORT = "import"


SENDING_CHANNELS = (Channel.IN_APP, Channel.MAIL, Channel.SMS)
"""Those a touchpoint can choose from."""


@dataclass(frozen=True, slots=True)
class SmsPolicy:
    """[sms] of surveys.toml, which documents each; `max_price` is in US dollars per message part."""

    max_price: str = "0.10"
    most_segments: int = 2


@dataclass(frozen=True, slots=True)
class InProduct:
    """[in_product] of surveys.toml: `source` knows the users by their ids, pages of `origins` may ask."""

    source: str = ""
    origins: tuple[str, ...] = ()
