import pytest

from afterbill.model.billing import CustomerRef
from afterbill.model.customer import Suppression
from afterbill.model.invitation import SkipReason
from tests.factories import ADA, DAY, HOUR, MINUTE, NOON, event, hash_address, news, ref
from tests.world import World

BOB = "bob@example.com"
EVE = CustomerRef("eve", "eve@example.com", name="Eve")


def called(world: World, alias: str) -> str:
    """The id of the customer who is known by this name."""
    return world.stored.aliases[alias]


def test_the_providers_id_leads_to_the_customer_and_without_one_the_address_does(world: World) -> None:
    world.capture(news(ref()), news(CustomerRef(email=ADA)))
    assert set(world.stored.aliases) == {"shop#cus_1", f"shop@{hash_address(ADA)}"}


def test_no_alias_holds_an_address(world: World) -> None:
    world.capture(news(ref()), news(CustomerRef(email=ADA)))
    assert not any(ADA in alias for alias in world.stored.aliases)


def test_letter_case_makes_no_other_guest(world: World) -> None:
    world.capture(news(CustomerRef(email=ADA)), news(CustomerRef(email=" ADA@Example.com")))
    assert len(world.stored.people) == 1


def test_blanks_are_nobodys_address(world: World) -> None:
    world.capture(news(CustomerRef(email="  ")))
    assert world.stored.people == {}


def test_the_same_id_at_another_source_is_somebody_else(world: World) -> None:
    world.capture(news(CustomerRef("1")))
    world.capture(news(CustomerRef("1"), source="sandbox"), source="sandbox")
    assert len(world.stored.people) == 2


def test_an_alias_of_somebody_erased_leads_to_a_new_customer(world: World) -> None:
    world.capture(news(ref()))
    erased = world.person().id
    world.stored.people.clear()
    world.capture(news(ref(), NOON + DAY))
    assert world.stored.people.keys() == {called(world, "shop#cus_1")} != {erased}


# A person is not an address


def type_victims_address(world: World) -> None:
    """Eve sets her own billing address to Ada's, and back."""
    world.capture(news(CustomerRef("eve", ADA, name="Eve"), NOON + MINUTE), news(EVE, NOON + HOUR))


def test_whoever_types_a_customers_address_and_takes_it_back_gets_none_of_their_surveys(world: World) -> None:
    world.capture(news(EVE, NOON - DAY), event())
    type_victims_address(world)
    world.live(3 * DAY)
    assert [mail.to for mail in world.outbox] == [ADA]


def test_nor_later_ones_that_name_only_the_id(world: World) -> None:
    world.capture(news(EVE, NOON - DAY), news(ref()))
    type_victims_address(world)
    world.capture(event("2", customer=CustomerRef("cus_1"), occurred_at=NOON + 2 * HOUR))
    world.live(4 * DAY)
    assert [mail.to for mail in world.outbox] == [ADA]


def test_nor_does_a_name_or_an_attribute_travel(world: World) -> None:
    world.capture(news(ref(name="Ada", attributes={"seats": "5"}), plan="Pro"), news(EVE, NOON - DAY))
    type_victims_address(world)
    ada, eve = (world.stored.people[called(world, f"shop#{id_}")] for id_ in ("cus_1", "eve"))
    assert (ada.name, dict(ada.attributes)) == ("Ada", {"seats": "5", "plan": "Pro"})
    assert (eve.name, dict(eve.attributes)) == ("Eve", {})


def test_a_guest_with_a_customers_address_is_a_customer_of_their_own(world: World) -> None:
    world.capture(news(ref(name="Ada")), event(customer=CustomerRef(email=ADA, name="Guest")))
    assert {one.name for one in world.stored.people.values()} == {"Ada", "Guest"}


def test_customers_of_several_sources_with_one_address_are_asked_once_within_a_cooldown(world: World) -> None:
    world.capture(event())
    world.capture(event("2", CustomerRef("other", ADA), source="sandbox"), source="sandbox")
    world.live(60 * DAY)
    assert [mail.to for mail in world.outbox] == [ADA]


def test_and_an_objection_of_one_of_them_is_heard_for_all(world: World) -> None:
    world.stored.suppress(hash_address(ADA), Suppression.UNSUBSCRIBED, world.now, None)
    world.capture(event())
    world.capture(event("2", CustomerRef("other", ADA), source="sandbox"), source="sandbox")
    world.live(60 * DAY)
    assert world.outbox == []
    assert {one.reason for one in world.stored.invitations.values()} == {SkipReason.SUPPRESSED}


def test_who_changes_the_address_stays_in_the_cooldown(world: World) -> None:
    world.sent(event())
    world.capture(news(ref(email=BOB), NOON + 4 * DAY), event("2", CustomerRef("cus_1"), occurred_at=NOON + 4 * DAY))
    world.live(30 * DAY)
    assert [mail.to for mail in world.outbox] == [ADA]


# Suppressed addresses


@pytest.mark.parametrize("reason", [Suppression.BOUNCED, Suppression.UNSUBSCRIBED, Suppression.COMPLAINED])
def test_whoever_brings_a_suppressed_address_is_not_asked_there(world: World, reason: Suppression) -> None:
    world.stored.suppress(hash_address(ADA), reason, world.now, None)
    captured = world.capture(event(customer=ref(email="ADA@EXAMPLE.COM")))
    assert captured.invitation
    assert captured.invitation.reason == SkipReason.SUPPRESSED


@pytest.mark.parametrize("reason", [Suppression.BOUNCED, Suppression.UNSUBSCRIBED])
def test_but_at_their_own_address_they_are_once_they_have_it_back(world: World, reason: Suppression) -> None:
    world.stored.suppress(hash_address(BOB), reason, world.now, None)
    world.capture(news(ref(email=BOB)), news(ref(), NOON + MINUTE), event("2", CustomerRef("cus_1")))
    world.live(3 * DAY)
    assert [mail.to for mail in world.outbox] == [ADA]


def test_who_objected_as_a_customer_is_not_asked_at_another_address_either(world: World) -> None:
    world.capture(news(ref()))
    world.stored.suppress(hash_address(ADA), Suppression.UNSUBSCRIBED, world.now, world.person())
    captured = world.capture(event(customer=ref(email=BOB)))
    assert captured.invitation
    assert captured.invitation.reason == SkipReason.SUPPRESSED


# Attributes


def test_ever_new_attributes_fill_no_item_and_are_told_once(world: World) -> None:
    for number in range(100):
        world.capture(news(ref(attributes={f"made_up_{number}": "x"}), NOON + number * MINUTE))
    kept = world.person().attributes
    assert "made_up_99" in kept
    assert "made_up_0" not in kept
    assert len(kept) == 40
    assert len(world.stored.tasks) == 1


def test_the_plan_and_the_legal_basis_are_not_pushed_out(world: World) -> None:
    world.capture(news(ref(attributes={"notice_at": "2026-01-01T00:00:00Z"}), plan="Pro"))
    world.capture(news(ref(attributes={f"made_up_{number}": "x" for number in range(100)}), NOON + DAY))
    kept = world.person().attributes
    assert (kept["plan"], kept["notice_at"]) == ("Pro", "2026-01-01T00:00:00Z")


def test_long_attributes_are_bounded_by_their_bytes(world: World) -> None:
    world.capture(news(ref(attributes={f"made_up_{number}": "ä" * 2_000 for number in range(10)})))
    assert len(world.person().attributes) == 1
