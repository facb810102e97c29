"""An answer moves the systems where people work: once each, however they misbehave, and as it stands last."""

import json

import pytest
from playwright.sync_api import Browser, expect

from afterbill_dev.local.connections.accounts import NAMES, SLACK
from tests.e2e.connected import (
    CARDS,
    HELPDESK,
    HOOKS,
    ONE_OF_EACH,
    SHOP,
    TEAM,
    Buyer,
    answers,
    buys,
    cards,
    customer,
    deliveries,
    edited,
    fail,
    heard,
    listening,
    messages,
    once,
    order,
    response_of,
    seconds_until_all,
    tickets,
)
from tests.e2e.marked import found_in, printed
from tests.e2e.newcomer import afterbill
from tests.e2e.signing_in import signed_in
from tests.e2e.stores import tables
from tests.e2e.town import Town, eventually, own

ADA, BEN, EVE = Buyer("ada"), Buyer("ben"), Buyer("eve")
COMMENT = "The tea came <b>open</b>, @channel and {{ticket.id}}"
SOON = {"retry_after": 1}


def orders_of_a_shop(town: Town) -> None:
    for name in NAMES:
        fail(town, name, count=0)  # what a run before has ordered
    for who in (ADA, BEN, EVE):
        buys(town, who)


@pytest.mark.after(scene=orders_of_a_shop)
def test_a_low_answer_reaches_every_system_within_a_minute_and_a_half(town: Town):
    with listening(town, "ResponseRecorded") as queue:
        response = answers(town, ADA, 3, COMMENT)
        took = seconds_until_all(town, ADA, response, ONE_OF_EACH)
        event = heard(town, queue, response)

    print("seconds from the answer:", took)
    assert max(took.values()) < 90
    assert (event["detail"]["rating"], event["detail"]["category"]) == (3, "detractor")
    assert "tea" not in json.dumps(event)
    [ticket] = tickets(town, ADA)
    assert ticket["priority"] == 4
    assert {"afterbill", "NPS 3", "NPS detractor"} <= set(ticket["tags"])
    assert f"afterbill-{response}"[:32] in ticket["tags"]
    assert "The tea came <b>open</b>" in ticket["notes"][0]["body_text"]
    assert all("tea" not in json.dumps(told) for told in (messages(town, response), cards(town, response)))
    assert "mentions': []" in str(messages(town, response))
    assert order(town, ADA)["tags"] == customer(town, ADA)["tags"] == ["NPS 3", "NPS detractor"]
    assert "The tea came" in order(town, ADA)["note"]
    [delivery] = deliveries(town, response)
    assert (delivery["type"], delivery["data"]["rating"]) == ("response.recorded", 3)


@pytest.mark.after(scene=orders_of_a_shop)
def test_a_high_answer_in_its_place_updates_every_system_and_loses_nothing(town: Town):
    edited(town, ADA, "Please ring twice.", "wholesale")

    response = answers(town, ADA, 9)

    # Teams and receivers of webhooks cannot change what they were told: they are told anew.
    changed = {**ONE_OF_EACH, "note of the ticket": 2, "card": 2, "webhook": 2}
    eventually(lambda: once(town, ADA, response), lambda there: there == changed, "every update", 150)
    eventually(lambda: order(town, ADA)["tags"], lambda tags: "NPS 9" in tags, "the tags of the order")
    note = eventually(lambda: order(town, ADA)["note"], lambda note: "NPS 9 of 10" in note, "the note of the order")
    [message] = eventually(
        lambda: messages(town, response), lambda found: "9 of 10" in found[0]["text"], "the message to change"
    )
    [ticket] = tickets(town, ADA)
    assert order(town, ADA)["tags"] == ["NPS 9", "NPS promoter", "wholesale"]
    assert customer(town, ADA)["tags"] == ["NPS 9", "NPS promoter"]
    assert note.startswith("Please ring twice.")
    assert "NPS 3" not in note
    assert "The tea" not in note
    assert ticket["priority"] == 1
    assert {"NPS 9", "NPS promoter"} <= set(ticket["tags"])
    assert "NPS 3" not in ticket["tags"]
    assert "3" in message["text"]
    assert {one["type"] for one in deliveries(town, response)} == {"response.recorded", "response.changed"}


@pytest.mark.after(scene=orders_of_a_shop)
def test_whatever_way_systems_fail_there_is_one_of_everything(town: Town):
    fail(town, SHOP, status=503, count=2, after_write=True, **SOON)
    fail(town, HELPDESK, status=503, count=3, after_write=True, **SOON)
    fail(town, TEAM, status=0, count=1, after_write=True)
    fail(town, CARDS, status=429, count=2, **SOON)
    fail(town, HOOKS, status=503, count=2, after_write=False, **SOON)

    response = answers(town, BEN, 2, COMMENT)

    seconds_until_all(town, BEN, response, ONE_OF_EACH)


@pytest.mark.after(scene=orders_of_a_shop)
def test_a_revoked_token_makes_a_connection_wait_and_a_lost_card_a_person_decide(town: Town, chromium: Browser):
    fail(town, TEAM, error="token_revoked", count=1)
    fail(town, CARDS, status=503, count=1, after_write=False)

    response = answers(town, EVE, 2)

    without = {**ONE_OF_EACH, "message": 0, "card": 0}
    eventually(lambda: once(town, EVE, response), lambda there: there == without, "the others", 150)
    page = signed_in(chromium, town.stack, "agent", "/app/actions?connection=slack")
    waits = f"{town.stack['console_url']}/app/actions?connection=slack"
    eventually(lambda: page.goto(waits) and page.content(), lambda html: "token_revoked" in html, "it to wait", every=1)
    connected = afterbill("connect", TEAM, "--secret-stdin", typed=f"{SLACK['token']}\n")
    assert connected.returncode == 0, connected.stdout + connected.stderr
    eventually(lambda: messages(town, response), bool, "what waited")

    assert "action_unclear" in printed("tasks", "--why", "looks what waits")
    page.goto(f"{town.stack['console_url']}/app/actions?connection=teams&show=parked")
    page.get_by_role("button", name="Try again").first.click()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.context.close()
    eventually(lambda: once(town, EVE, response), lambda there: there == ONE_OF_EACH, "one of everything", 60)


@pytest.mark.after(scene=orders_of_a_shop)
def test_what_was_written_about_a_person_is_removed_with_them_or_listed(town: Town):
    response = response_of(town, ADA)

    said = json.loads(printed("privacy", "erase", own(ADA.email), "--yes", "--why", "asked for it", "--output", "json"))

    assert said["people"] == 1
    eventually(lambda: messages(town, response), lambda found: found == [], "the message to go")
    eventually(lambda: order(town, ADA)["tags"], lambda tags: tags == ["wholesale"], "our tags to go")
    eventually(lambda: customer(town, ADA)["tags"], lambda tags: tags == [], "our tags to go")
    eventually(lambda: order(town, ADA)["note"], lambda note: note.strip() == "Please ring twice.", "our lines to go")
    eventually(
        lambda: deliveries(town, response)[-1]["type"], lambda kind: kind == "response.removed", "the receiver to hear"
    )
    [ticket] = tickets(town, ADA)
    tasks = eventually(
        lambda: printed("tasks", "--why", "looks what waits", "--output", "json"),
        lambda text: "erase_by_hand" in text,
        "a task",
        every=3,
    )
    assert str(ticket["id"]) in tasks
    assert found_in(tables(town), own(ADA.email)) == []
