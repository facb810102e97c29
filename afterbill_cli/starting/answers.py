"""The five questions of `afterbill init`: what is asked, what can be answered, and what stands where nobody answers."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from zoneinfo import available_timezones

from botocore.session import Session

from afterbill.adapters.addresses import address_fault
from afterbill.connectors.registry import PROVIDERS
from afterbill.model.addresses import mailbox
from afterbill.model.check_messages import shown
from afterbill.model.suggestions import did_you_mean
from afterbill_cli.configuration import SHIPPED
from afterbill_cli.examples import COMPANY

_PLAIN = re.compile(r"[^@\s<>\"',;]+@[^@\s<>\"',;]+\.[^@\s<>\"',;]+")
"""The pattern of SenderAddress in the template, without characters that would end a value in samconfig.toml."""
_LONGEST = 100
_USUAL_ZONE, _USUAL_REGION = "Europe/Berlin", "eu-central-1"


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers that `afterbill init` was given.

    `email` is the operator's own address, which gets alarms and replies; `language` is the name of a file in `locales`;
    `source` is the provider of the billing system.
    """

    company: str
    email: str
    sender: str
    language: str
    source: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question; `example` stands where nobody answers, `problem` says why an answer cannot be used."""

    text: str
    example: str
    problem: Callable[[str], str]


def languages() -> list[str]:
    """Return the names of the files in `locales`; one that ends in -informal says du."""
    return sorted(path.stem for path in (SHIPPED / "locales").glob("*.toml"))


def company_problem(company: str) -> str:
    """Say why this cannot be the name of the company; empty where it can."""
    if not company.strip():
        return "enter the name your customers know"
    if not company.isprintable() or len(company) > _LONGEST:
        return f"a name is one line of up to {_LONGEST} characters"
    return ""


def address_problem(address: str) -> str:
    """Say why this is no address that can be written to; empty where it is. DNS is not asked."""
    if not _PLAIN.fullmatch(address):
        return f"enter one plain address such as ann@example.com, not {shown(address)}"
    return address_fault(address)


def reply_problem(address: str) -> str:
    """Say why nobody would read replies to this address; empty where somebody does."""
    robots = {"noreply", "donotreply"}
    local = re.sub("[^a-z]", "", address.partition("@")[0].lower())
    if any(robot in local for robot in robots):
        return "enter an address that you read: alarms come there, and replies of customers"
    return address_problem(address)


def _one_of(choices: Sequence[str]) -> Callable[[str], str]:
    return lambda chosen: "" if chosen in choices else did_you_mean(chosen, choices, f"; choose {', '.join(choices)}")


@cache
def questions() -> Mapping[str, Question]:
    """Return the questions by the field of Answers, in the order in which they are asked."""
    spoken = languages()
    return {
        "company": Question("Company, as your customers know it", COMPANY, company_problem),
        "email": Question("Your own address, for alarms and replies of customers", "you@example.com", reply_problem),
        "sender": Question("Address the surveys come from", "survey@example.com", address_problem),
        "language": Question(f"Language of customers whose own is unknown: {', '.join(spoken)}", "en", _one_of(spoken)),
        "source": Question(f"Billing system: {', '.join(PROVIDERS)}", "stripe", _one_of(PROVIDERS)),
    }


def suggested(name: str, given: Mapping[str, str]) -> str:
    """Return the answer to suggest to a person; empty where nobody can guess it."""
    if name == "sender":
        return f"survey@{mailbox(given['email']).rpartition('@')[2]}"
    return "" if name in {"company", "email"} else questions()[name].example


def time_zone() -> str:
    """Return the time zone of this machine; a server that runs in UTC says nothing of its operator's."""
    place = (
        os.environ.get("TZ", "").removeprefix(":") or str(Path("/etc/localtime").resolve()).partition("zoneinfo/")[2]
    )
    return place if "/" in place and not place.startswith("Etc/") and place in available_timezones() else _USUAL_ZONE


def region() -> str:
    """Return the region that the AWS tools of this machine use, else one of Europe."""
    return os.environ.get("AWS_REGION") or Session().get_config_variable("region") or _USUAL_REGION
