"""The types of values in the answer API; each says in the document what it refuses."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from afterbill.answers.external import LATEST_MINUTES, OLDEST_DAYS

# RFC 3339, section 5.6, with seconds as Python knows them: there is no second 60.
_DATE = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
_MOMENT = re.compile(f"{_DATE}T{_TIME}")
_NO_MOMENT = "answered_at", "must be a moment of RFC 3339 with its offset, such as 2026-11-22T12:30:15+01:00"


def whole(value: Any) -> Any:  # noqa: ANN401  # whatever JSON holds
    """Turn 9.0 into 9: in JSON Schema a number without a fraction is an integer, however it is written."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def moment(value: Any, info: ValidationInfo) -> datetime:  # noqa: ANN401  # as above
    """Parse a moment that is neither too old nor still to come, as seen from `now` of the context."""
    try:
        at = datetime.fromisoformat(value) if _MOMENT.fullmatch(value) else None
    except (TypeError, ValueError):  # no text; or a day that its month does not have
        at = None
    if at is None:
        raise PydanticCustomError(*_NO_MOMENT)
    now: datetime = (info.context or {})["now"]
    if at - now > timedelta(minutes=LATEST_MINUTES):
        raise PydanticCustomError("answered_at", f"must not lie more than {LATEST_MINUTES} minutes in the future")
    if now - at > timedelta(days=OLDEST_DAYS):
        raise PydanticCustomError("answered_at", f"must not be older than {OLDEST_DAYS} days")
    return at


def text(most: int) -> str:
    """Return the pattern of a text on one line that does not begin with a blank."""
    return rf"^[^\x00-\x20\x7f-\xa0][^\x00-\x1f\x7f-\x9f]{{0,{most - 1}}}$"


OUR_ID = r"^[0-9a-f]{32}$"
IDEMPOTENCY_KEY = r"^[!-~]([ -~]{0,98}[!-~])?$"
SLUG = r"^[a-z0-9_-]{1,40}$"
EMAIL = r"^[^@\x00-\x20\x7f-\xa0]{1,64}@[^@\x00-\x20\x7f-\xa0]{1,180}$"
COUNTRY = r"^[A-Z]{2}$"
LOCALE = r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2}|-[0-9]{3})?$"

IN_WORDS = {
    OUR_ID: "must be an id of ours: 32 digits out of 0 to 9 and a to f",
    SLUG: 'must be 1 to 40 signs out of a to z, 0 to 9, "_" and "-"',
    EMAIL: "must be one mail address such as name@example.com",
    LOCALE: "must be a language, with a country if need be: de, de-CH",
    COUNTRY: "must be the ISO 3166 code of a country in two capitals: DE",
    **{
        text(most): f"must be a text on one line of 1 to {most} characters, no blank first"
        for most in (40, 100, 200, 300)
    },
}
"""The demand of each pattern, in words for people."""

Slug = Annotated[str, Field(pattern=SLUG)]
Rating = Annotated[int, Field(ge=0, le=10), BeforeValidator(whole)]
Moment = Annotated[
    datetime | None,
    BeforeValidator(moment),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": f"^{_MOMENT.pattern}$"}),
]


def left_out(about: str, pattern: str) -> Any:  # noqa: ANN401  # a field of any type
    """Return a field that may be left out and is empty then; null and the empty text are refused."""
    return Field(default_factory=str, description=about, pattern=pattern)
