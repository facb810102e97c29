"""The connection to a helpdesk: its address, its settings, its probe."""

import pytest
from pydantic import ValidationError

from afterbill.model.errors import ConfigurationError
from afterbill_actions.connectors.freshdesk.actions import CONNECTOR
from afterbill_actions.exchange import Reply
from afterbill_actions.outcome import Denied, Done
from tests.unit.actions.answers import Desk, Wire
from tests.unit.actions.freshdesk.helpdesk import Helpdesk

TICKET = CONNECTOR.actions["ticket"].settings


def test_the_address_is_made_from_the_name_of_the_helpdesk() -> None:
    assert CONNECTOR.url is not None
    assert CONNECTOR.url({"domain": "acme"}, {}) == "https://acme.freshdesk.com"
    with pytest.raises(ConfigurationError, match="`domain` or `url`"):
        CONNECTOR.url({"domain": None}, {})


def test_the_probe_reads_a_ticket() -> None:
    assert CONNECTOR.probe(Desk(Wire(Helpdesk())).open()) == Done()
    assert isinstance(CONNECTOR.probe(Desk(Wire(lambda _request: Reply(401))).open()), Denied)


@pytest.mark.parametrize("domain", ["acme.freshdesk.com", "Acme", "a/b", ""])
def test_a_name_that_is_none_is_refused(domain: str) -> None:
    with pytest.raises(ValidationError):
        CONNECTOR.settings.model_validate({"domain": domain})


@pytest.mark.parametrize(
    "settings",
    [
        {"priority": "highest"},
        {"tags": ["a,b"]},
        {"tags": ["x" * 33]},
        {"group_id": 0},
        {"custom_fields": {"CF": 1}},
        {"colour": "red"},
    ],
)
def test_settings_that_freshdesk_would_refuse_are_refused_at_once(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TICKET.model_validate(settings)


def test_settings_of_a_ticket() -> None:
    settings = {"priority": "urgent", "tags": ["vip"], "group_id": 7, "custom_fields": {"cf_score": 3}}

    assert TICKET.model_validate(settings).model_dump() | settings | {"tags": ("vip",)} == (
        TICKET.model_validate(settings).model_dump()
    )
