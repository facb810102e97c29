"""Phone numbers that can get text messages, in one spelling."""

from collections.abc import Callable

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

_MOBILE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
_LONGEST = 40


def mobile_number(spelled: str | None, country: str | None) -> str | None:
    """A number as E.164 has it (`+4915123456789`); None for what no phone of its country that gets messages can have.

    One without a country's prefix is read as people of `country` (ISO 3166) spell theirs.
    """
    text = (spelled or "").strip()
    if not 0 < len(text) <= _LONGEST:
        return None
    try:
        number = phonenumbers.parse(text, (country or "").strip().upper() or None)
    except NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number) or phonenumbers.number_type(number) not in _MOBILE:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def number_hashes(hash_address: Callable[[str], str]) -> Callable[[str | None, str | None], str]:
    """The function to the keyed hash of a number as a customer of a country spells it, empty where none can be."""

    def hash_number(phone: str | None, country: str | None) -> str:
        number = mobile_number(phone, country)
        return hash_address(number) if number else ""

    return hash_number
