"""What other systems hold of answers, as an export names it."""

from datetime import UTC, datetime, timedelta, timezone

from afterbill_actions.connection import Connection
from afterbill_actions.connectors import registry
from afterbill_actions.effects import TAKEN_BACK, Effects, Written
from afterbill_actions.held_elsewhere import HeldElsewhere
from afterbill_cli.memory.actions.effects import MemoryEffects

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SHOP = Connection("shop", "shopify", "https://acme.myshopify.com", 60)


def elsewhere(**written: Written) -> HeldElsewhere:
    effects = MemoryEffects({"1": Effects("1", written=written), "2": Effects("2")})
    return HeldElsewhere(effects, {"shop": SHOP}, registry.load)


def test_each_effect_is_named_with_its_system_its_moment_in_utc_and_the_ids_there() -> None:
    at = NOW.astimezone(timezone(timedelta(hours=1)))

    told = elsewhere(tags=Written("shop", "tags", "v1", at, {"order": "450"}))(["1"])

    row = {"connection": "shop", "system": "Shopify", "action": "tags", "ids": {"order": "450"}}
    assert told == {"1": [row | {"written_at": "2026-11-22T12:00:00Z"}]}


def test_what_was_crossed_out_is_still_held_there() -> None:
    crossed_out = Written("team", "message", TAKEN_BACK, NOW, {"ts": "1.2"})

    assert [(one["connection"], one["system"]) for one in elsewhere(m=crossed_out)(["1"])["1"]] == [("team", None)]


def test_answers_that_moved_nothing_are_left_out() -> None:
    assert elsewhere()(["1", "2", "3"]) == elsewhere()([]) == {}
