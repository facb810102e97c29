"""Two systems that tests write to: a helpdesk that has no place for events, and a chat that has one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from afterbill_actions.connector import Action, Connector, Job, Open
from afterbill_actions.outcome import Done, Outcome


class DomainSettings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    domain: str = Field(pattern=r"^[a-z0-9-]*$")


class TicketSettings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    priority: Literal["low", "high", "urgent"] = "high"
    tags: list[str] = []


class NoSettings(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MessageSettings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    language: Literal["en", "de"] = "en"


def done(_job: Job, _open: Open) -> Outcome:
    return Done()


def helpdesk_url(settings: Mapping[str, Any], _secret: Mapping[str, str]) -> str:
    return f"https://{settings['domain']}.helpdesk.example" if settings["domain"] else ""


HELPDESK = Connector(
    name="freshdesk",
    title="Helpdesk",
    settings=DomainSettings,
    secrets=(frozenset({"key"}),),
    actions={
        "ticket": Action(TicketSettings, done, done, done),
        "priority": Action(NoSettings, done, done, done),
    },
    probe=lambda _open: Done(),
    per_minute=80,
    guide=(),
    url=helpdesk_url,
)
CHAT = Connector(
    name="webhooks",
    title="Chat",
    settings=NoSettings,
    secrets=(frozenset({"secret"}),),
    actions={"message": Action(MessageSettings, done, done, done, tell=done)},
    probe=lambda _open: Done(),
    per_minute=60,
    guide=(),
)
SHOP = replace(CHAT, name="shopify", title="Shop", exclusive=True)
SYSTEMS = {"freshdesk": HELPDESK, "webhooks": CHAT, "shopify": SHOP}


def load(name: str) -> Connector:
    """Return the system that stands for a connector."""
    return SYSTEMS[name]
