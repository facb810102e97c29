import pytest

from afterbill.model.billing import CustomerRef
from afterbill.model.customer import Customer
from tests.factories import ADA, DAY, HOUR, MINUTE, NOON, event, hash_address, news, ref
from tests.world import World

BOB = "bob@example.com"


def people(world: World) -> set[str]:
    return {one.id for one in world.stored.people.values() if one.merged_into is None}


def test_the_providers_id_and_the_address_both_lead_to_the_customer(world: World) -> None:
    world.capture(news(ref()))
    assert set(world.stored.aliases) == {"shop#cus_1", f"mail#{hash_address(ADA)}"}
    assert set(world.stored.aliases.values()) == people(world)


def test_no_alias_holds_an_address(world: World) -> None:
    world.capture(news(ref()))
    assert not any("@" in alias for alias in world.stored.aliases)


def test_letter_case_makes_no_other_person(world: World) -> None:
    world.capture(news(CustomerRef(email=ADA)), news(CustomerRef(email=" ADA@Example.com")))
    assert len(world.stored.people) == 1


def test_blanks_are_nobodys_address(world: World) -> None:
    world.capture(news(CustomerRef("cus_1", "  ")), news(CustomerRef("cus_2", "  ")))
    assert len(people(world)) == 2


def test_the_same_id_at_another_source_is_somebody_else(world: World) -> None:
    world.capture(news(CustomerRef("1")))
    world.capture(news(CustomerRef("1"), source="sandbox"), source="sandbox")
    assert len(people(world)) == 2


def test_two_customers_with_one_address_are_found_to_be_one(world: World) -> None:
    world.capture(news(CustomerRef("cus_1")), news(CustomerRef("guest", ADA)), news(ref(), NOON + HOUR))
    assert len(people(world)) == 1
    assert len(world.stored.people) == 2


def test_both_their_names_lead_to_the_survivor(world: World) -> None:
    world.capture(news(CustomerRef("cus_1")), news(CustomerRef("guest", ADA)), news(ref(), NOON + HOUR))
    world.capture(
        news(CustomerRef("cus_1", name="Ada"), NOON + DAY),
        news(CustomerRef("guest", country="GB"), NOON + DAY),
    )
    assert (world.person().name, world.person().country) == ("Ada", "GB")


def test_a_customer_merged_twice_is_still_found(world: World) -> None:
    world.capture(news(CustomerRef("a")), news(CustomerRef("b", ADA)), news(CustomerRef("a", ADA), NOON + HOUR))
    world.capture(news(CustomerRef("c", BOB)), news(CustomerRef("a", BOB), NOON + DAY))
    world.capture(news(CustomerRef("a", name="Ada"), NOON + 2 * DAY))
    assert (world.person().name, world.person().address) == ("Ada", BOB)


def test_nothing_of_the_person_stays_on_the_one_merged_away(world: World) -> None:
    world.capture(
        news(CustomerRef("cus_1", BOB, name="Bob")), news(CustomerRef("guest", ADA)), news(ref(), NOON + HOUR)
    )
    [gone] = [one for one in world.stored.people.values() if one.merged_into]
    assert gone == Customer(gone.id, gone.version, merged_into=world.person().id)


def test_a_survey_of_the_one_merged_away_reaches_the_survivor(world: World) -> None:
    world.capture(event(customer=CustomerRef("cus_1")))
    world.capture(news(CustomerRef("guest", ADA)), news(ref(), NOON + MINUTE))
    world.pass_time(3 * DAY)
    assert [mail.to for mail in world.outbox] == [ADA]
    assert world.invitation(event()).customer_id == world.person().id


def test_a_merged_customer_is_asked_once_although_both_waited(world: World) -> None:
    world.capture(event("1", customer=CustomerRef("cus_1")), event("2", customer=CustomerRef("guest", ADA)))
    world.capture(news(ref(), NOON + MINUTE))
    world.pass_time(3 * DAY)
    assert len(world.outbox) == 1


def test_whoever_no_longer_waits_is_free_for_the_next_survey_also_after_a_merge(world: World) -> None:
    world.capture(event("1", customer=CustomerRef("cus_1")))
    world.capture(news(CustomerRef("guest", ADA)), news(ref(), NOON + MINUTE))
    world.stored.suppress(hash_address(ADA), "unsubscribed", NOON, world.person())
    world.pass_time(3 * DAY)
    assert world.person().waiting == {}


def test_an_alias_of_somebody_erased_leads_to_a_new_customer(world: World) -> None:
    world.capture(news(ref()))
    erased = world.person().id
    world.stored.people.clear()
    world.capture(news(ref(), NOON + DAY))
    assert people(world) == set(world.stored.aliases.values()) != {erased}


def test_so_does_one_of_somebody_merged_into_a_customer_since_erased(world: World) -> None:
    world.stored.people["old"] = Customer("old", 1, merged_into="erased")
    world.stored.aliases["shop#cus_1"] = "old"
    world.capture(news(ref()))
    assert world.person().address == ADA


# Suppressed addresses


def suppress(world: World, address: str, reason: str) -> None:
    held = next((one for one in world.stored.people.values() if one.address == address), None)
    world.stored.suppress(hash_address(address), reason, world.now, held)


@pytest.mark.parametrize("reason", ["bounced", "unsubscribed", "complained"])
def test_whoever_brings_a_suppressed_address_is_suppressed(world: World, reason: str) -> None:
    suppress(world, ADA, reason)
    world.capture(news(ref()))
    assert world.person().suppressed == reason


def test_letter_case_is_no_way_around_it(world: World) -> None:
    suppress(world, ADA, "unsubscribed")
    world.capture(news(ref(email="ADA@EXAMPLE.COM")))
    assert world.person().suppressed == "unsubscribed"


def test_a_bounce_is_forgotten_with_the_address_that_bounced(world: World) -> None:
    world.capture(news(ref()))
    suppress(world, ADA, "bounced")
    world.capture(news(ref(email=BOB), NOON + DAY))
    assert world.person().suppressed is None


def test_but_not_by_an_older_word_of_another_address(world: World) -> None:
    world.capture(news(ref()))
    suppress(world, ADA, "bounced")
    world.capture(news(ref(email=BOB), NOON - DAY))
    assert world.person().suppressed == "bounced"


def test_nor_by_hearing_the_same_address_again(world: World) -> None:
    world.capture(news(ref()))
    suppress(world, ADA, "bounced")
    world.capture(news(ref(name="Ada"), NOON + DAY))
    assert world.person().suppressed == "bounced"


@pytest.mark.parametrize("reason", ["unsubscribed", "complained"])
def test_a_wish_is_not_forgotten_with_the_address(world: World, reason: str) -> None:
    world.capture(news(ref()))
    suppress(world, ADA, reason)
    world.capture(news(ref(email=BOB), NOON + DAY))
    assert world.person().suppressed == reason


def test_a_wish_made_after_a_bounce_outlives_the_address_too(world: World) -> None:
    world.capture(news(ref()))
    suppress(world, ADA, "bounced")
    suppress(world, ADA, "unsubscribed")
    world.capture(news(ref(email=BOB), NOON + DAY))
    assert world.person().suppressed == "unsubscribed"


def test_nor_is_it_forgotten_because_the_next_address_had_bounced(world: World) -> None:
    suppress(world, BOB, "bounced")
    world.capture(news(ref()))
    suppress(world, ADA, "unsubscribed")
    world.capture(news(ref(email=BOB), NOON + DAY), news(ref(email="third@example.com"), NOON + 2 * DAY))
    assert world.person().suppressed == "unsubscribed"
