"""Checks of single values: each returns the value as it is stored, or raises WrongError."""

import re
from datetime import datetime, timedelta
from functools import cache, lru_cache
from importlib import resources
from zoneinfo import available_timezones

from afterbill.adapters.addresses import address_fault
from afterbill_cli.importing import spreadsheets
from afterbill_cli.importing.report import WrongError, shown
from afterbill_cli.importing.times import TimeSpelling
from afterbill_cli.masking import masked

_LONGEST_ID, _LONGEST_TEXT = 500, 2000
_AHEAD = timedelta(hours=1)
"""Tolerance for clocks that run ahead of ours."""
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_PHONE = re.compile(r"(?=(?:\D*\d){5})\+?[\d ()./-]{5,40}")
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")
_PLAIN_HOLDER = re.compile(r"[A-Za-z0-9_+-]{1,30}(?:\.[A-Za-z0-9_+-]{1,30})?")
_LONGEST_DOMAIN = 180
"""With a plain local part, a domain up to this length makes no address too long."""
_COUNTRIES_SAID = {"UK": "GB", "EL": "GR"}


def address(value: str) -> str:
    """Return a valid mail address as written; delivery is not checked."""
    holder, _, domain = value.rpartition("@")
    if _PLAIN_HOLDER.fullmatch(holder) and len(domain) <= _LONGEST_DOMAIN and _is_domain(domain):
        return value
    reason = address_fault(value)
    if reason:
        several = any(one in value for one in ",;") and value.count("@") > 1
        hint = "Only one address fits into a row" if several else "Correct it, or remove the row"
        raise WrongError(f"{masked(value)} is no address: {reason.rstrip('.')}", hint)
    return value


def identifier(value: str) -> str:
    """Return a customer's id of at most 500 characters, as it was before a spreadsheet took it for a number."""
    return _short(spreadsheets.number(value), _LONGEST_ID)


def text(value: str) -> str:
    """Return a text of at most 2000 characters."""
    return _short(value, _LONGEST_TEXT)


def country(value: str) -> str:
    """Return an ISO 3166-1 alpha-2 code in capitals."""
    code = value.upper()
    if code not in countries():
        meant = _COUNTRIES_SAID.get(code)
        hint = f"Write {meant}" if meant else "Write its two letters, such as DE or US"
        raise WrongError(f"{shown(value)} is no country of ISO 3166", hint)
    return code


def locale(value: str) -> str:
    """Return a language tag."""
    if not _LOCALE.fullmatch(value):
        raise WrongError(f"{shown(value)} is no language tag", "Write one such as de, de-CH or pt_BR")
    return value


def time_zone(value: str) -> str:
    """Return an IANA time zone."""
    if value not in _zones():
        raise WrongError(f"{shown(value)} is no time zone", "Write an IANA name such as Europe/Zurich")
    return value


def phone(value: str) -> str:
    """Return a national or international phone number; it is validated fully when it is used."""
    number = spreadsheets.number(value)
    if not _PHONE.fullmatch(number):
        raise WrongError(f"{shown(value)} is no phone number", "Write one such as +41 79 123 45 67 or 079 123 45 67")
    return number


def time_text(value: str, times: TimeSpelling, now: datetime) -> str:
    """Return a time that is not in the future as ISO 8601 in UTC; of a day that is not over, at most `now`."""
    moment = times.read(value)
    if not times.has_come(moment, now, _AHEAD):
        raise WrongError(f"{shown(value)} is still to come", "Correct it: later news would never count against it")
    return (min(moment.at, now) if moment.is_day else moment.at).isoformat()


@cache
def countries() -> frozenset[str]:
    """The codes of ISO 3166-1, as the time zone database lists them."""
    table = resources.files("tzdata").joinpath("zoneinfo/iso3166.tab").read_text(encoding="utf-8")
    return frozenset(line[:2] for line in table.splitlines() if line and not line.startswith("#"))


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones() - {"Factory", "localtime"})


@lru_cache(maxsize=10_000)
def _is_domain(domain: str) -> bool:
    """Most customers share a few domains: one is looked at once."""
    return not address_fault(f"x@{domain}")


def _short(value: str, longest: int) -> str:
    if len(value) > longest:
        raise WrongError(f"{len(value)} characters, more than {longest}", "Shorten it")
    if control := _CONTROL.search(value):
        raise WrongError(f"holds the control character U+{ord(control[0]):04X}", "Remove it")
    return value
