"""The search for a customer and their story; each look is in the audit trail, and no address in an address."""

import re
from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

import pytest

from afterbill.model.customer import Customer
from afterbill.model.invitation import Answer, Deferral, Delivery, FollowUp, Invitation, SkipReason, State
from afterbill.model.privacy import Act
from afterbill.model.visits import CondensedVisits, Kind, Visit
from afterbill_console.roles import Role
from afterbill_dev.console.world import NOW, World

GONE = "f" * 32


def person(world: World, number: int = 0) -> Customer:
    return list(world.table.people.values())[number]


def theirs(world: World, who: Customer) -> list[Invitation]:
    return [one for one in world.facts if one.customer_id == who.id]


def found(world: World, text: str):
    return world.post("/app/customers", world.sign_in(Role.AGENT), f"who={quote(text)}")


def story(world: World, id_: str, role: Role = Role.AGENT, language: str = "en"):
    return world.get(f"/app/customers/{id_}", world.sign_in(role, language))


def acts(world: World, what: str) -> list[Act]:
    return [act for act in world.audit.noted if act.what == f"console {what}"]


def ways_to(world: World, who: Customer) -> list[str]:
    invitation = theirs(world, who)[0]
    alias = next(name for name, id_ in world.table.aliases.items() if id_ == who.id)
    token = urlsafe_b64encode(b"\x01\x00\x01" + bytes.fromhex(invitation.id) + b"\0" * 16).decode().rstrip("=")
    token = token + "=" * (-len(token) % 4)
    return [
        who.id,
        invitation.id,
        f" {who.address} ",
        who.address.upper(),
        alias,
        alias.partition("#")[2],
        f"https://survey.example.com/s/{token}",
    ]


@pytest.mark.parametrize("way", range(7))
def test_a_customer_is_found_by_everything_an_agent_has_at_hand(world, way):
    who = person(world)
    answer = found(world, ways_to(world, who)[way])

    assert (answer.status, answer.headers["Location"]) == (303, f"/app/customers/{who.id}")
    assert acts(world, "customer search")[-1].whose == (who.id,)


def test_a_customer_is_found_by_the_number_a_text_message_went_to(world):
    who = person(world)
    world.table.phones[world.people.hash_contact("+4915123456789")] = who.id

    assert found(world, "+49 (151) 234-56789").headers["Location"] == f"/app/customers/{who.id}"


@pytest.mark.parametrize(
    "text", ["", "nobody@example.com", "+4915199999999", "cus_unknown", "e" * 32, "/s/" + "a" * 41]
)
def test_nobody_is_found_by_what_leads_to_nobody(world, text):
    answer = found(world, text)

    assert answer.status == 200
    assert "Nobody is known by this" in answer.body
    assert acts(world, "customer search") == []


def test_several_customers_are_a_choice_that_shows_little(world):
    one, other = person(world), person(world, 5)
    world.table.people[other.id] = replace(other, address=one.address, address_hash=one.address_hash)

    answer = found(world, one.address)
    assert answer.body.count("/app/customers/") == 2
    assert one.address not in answer.body
    assert f"{one.address[0]}***@example.com" in answer.body
    assert set(acts(world, "customer search")[-1].whose) == {one.id, other.id}


def test_a_customer_without_an_address_can_be_chosen(world):
    one, other = person(world), person(world, 5)
    world.table.people[other.id] = replace(other, address=None, address_hash=one.address_hash)

    assert "without a mail address" in found(world, one.address).body


def test_an_invitation_of_nobody_leads_to_its_answer(world):
    one = next(one for one in world.facts if one.answer)
    world.table.invitations[one.id] = replace(one, customer_id="")

    assert found(world, one.id).headers["Location"] == f"/app/responses/{one.id}"


def test_a_removed_person_is_found_by_their_id_as_long_as_the_request_is_kept(world):
    assert found(world, GONE).headers["Location"] == f"/app/customers/{GONE}"


# The story


def test_a_story_tells_every_fact_and_answer_in_order(world):
    who = next(one for one in world.table.people.values() if len(theirs(world, one)) > 4 and not one.restricted_at)
    page = story(world, who.id).body

    moments = re.findall(r'<time class="small" datetime="([^"]+)"', page)
    facts = [one for one in theirs(world, who) if one.occurred_at <= NOW]
    assert page.count('class="step is-fact') == len(facts)
    assert page.count('class="step is-answered') == sum(one.answer is not None for one in facts)
    assert moments == sorted(moments, reverse=True)


def test_what_is_known_stands_beside_the_story(world):
    who = person(world)
    page = story(world, who.id).body

    for text in (who.name, who.address, who.phone, who.country, "Consent of"):
        assert text in page


@pytest.mark.parametrize(("number", "text"), [(2, "Does not want to be asked."), (3, "was deleted")])
def test_objections_and_deletions_are_told(world, number, text):
    assert text in story(world, person(world, number).id).body


def test_the_legal_basis_is_told_even_where_there_is_none(world):
    who = person(world)
    world.table.people[who.id] = replace(who, attributes={})

    assert "None on record. Their country asks for a consent, or" in story(world, who.id).body


def test_a_look_is_noted_before_anything_is_shown(world, monkeypatch):
    def fail(_act):
        raise RuntimeError("no trail")

    monkeypatch.setattr(world.audit, "note", fail)
    ticket = world.sign_in(Role.AGENT)
    for place in (
        f"/app/customers/{person(world).id}",
        f"/app/customers/{GONE}",
        "/app/responses?tab=all",
        "/app/tasks",
    ):
        with pytest.raises(RuntimeError):
            world.get(place, ticket)


def test_a_restricted_customer_is_told_of_and_nothing_of_theirs(world):
    who = person(world, 1)
    page = story(world, who.id).body

    assert "restricted" in page
    for text in (who.name, who.address, theirs(world, who)[0].id):
        assert text not in page
    assert acts(world, "customer")[-1].whose == (who.id,)


def test_a_removed_customer_is_told_of(world):
    answer = story(world, GONE)

    assert answer.status == 200
    assert "was removed on 24 Nov 2026" in answer.body


@pytest.mark.parametrize("id_", ["e" * 32, "short", "F" * 32, "a" * 200])
def test_an_unknown_id_says_nothing_about_anybody(world, id_):
    answer = story(world, id_)

    assert answer.status == 404
    assert id_ not in answer.body
    assert acts(world, "customer") == []


def test_facts_of_a_customer_whose_profile_is_gone_are_told(world):
    who = person(world)
    del world.table.people[who.id]

    page = story(world, who.id).body
    assert "Their profile is gone" in page


def test_a_long_story_comes_in_parts(world):
    who = person(world, 4)
    one = theirs(world, who)[0]
    for number in range(60):
        id_ = f"{number:032x}"
        at = NOW - timedelta(days=number)
        world.table.invitations[id_] = replace(one, id=id_, created_at=at, occurred_at=at, answer=None)

    ticket = world.sign_in(Role.AGENT)
    first = world.get(f"/app/customers/{who.id}", ticket).body
    following = re.search(rf'href="(/app/customers/{who.id}\?after=[^"]+)"', first)[1]
    second = world.get(following, ticket).body
    total = first.count('class="step is-fact') + second.count('class="step is-fact')
    assert total == 60 + len(theirs(world, who))
    assert "after=" not in second
    assert world.get(f"/app/customers/{who.id}?after=nonsense", ticket).status == 404


def test_requests_of_a_person_have_a_page(world):
    who = person(world)
    page = world.get(f"/app/customers/{who.id}?requests=1", world.sign_in(Role.AGENT)).body

    assert "Export" in page
    assert acts(world, "customer requests")[-1].whose == (who.id,)
    assert world.get(f"/app/customers/{'e' * 32}?requests=1", world.sign_in(Role.AGENT)).status == 404
    assert "addresses" not in world.get(f"/app/customers/{GONE}?requests=1", world.sign_in(Role.AGENT)).body


WAITS = Deferral(NOW - timedelta(days=2), SkipReason.COOLDOWN, NOW + timedelta(days=9))
HELD = Deferral(NOW - timedelta(days=2), SkipReason.STOPPED, NOW + timedelta(days=9))
AT = NOW - timedelta(days=1)
OPENED, SEEN = Visit(AT, Kind.OPENED, 9, "network", "safari"), Visit(AT, Kind.SEEN, 9, "network", "safari")
STEPS = {
    "Waits until": {"deferrals": (WAITS,), "deferred_until": WAITS.until},
    "Held back until": {"deferrals": (HELD,), "deferred_until": HELD.until},
    "Will be asked on": {"due_at": NOW + timedelta(days=3)},
    "Overdue since": {"due_at": NOW - timedelta(days=3)},
    "On its way": {"state": State.SENDING, "claimed_at": AT},
    "Not sent after all": {"state": State.CLOSED, "reason": SkipReason.SUPPRESSED, "closed_at": AT},
    "Not asked:": {"state": State.CLOSED, "reason": SkipReason.COOLDOWN},
    "Asked once more": {
        "state": State.SENT,
        "sent_at": AT,
        "follow_ups": (FollowUp(AT, "mail"), FollowUp(NOW, "sms")),
    },
    "Reminded once": {"state": State.SENT, "sent_at": AT, "reminded_at": NOW},
    "came back as undeliverable": {"state": State.SENT, "sent_at": AT, "delivery": Delivery.BOUNCED},
    "Reported the mail as spam": {"state": State.SENT, "sent_at": AT, "delivery": Delivery.COMPLAINED},
    "Opened the survey.": {"visits": (OPENED,)},
    "Opened the survey 2 times": {"visits": (OPENED, SEEN)},
    "One use of a link by a program": {"visits": (Visit(AT, Kind.MACHINE, 9, "network", "scanner"),)},
    "3 uses of links by programs": {"condensed": (CondensedVisits(AT, AT, 3, 1),)},
    "Saw the question in the product": {"shown_at": AT},
    "Closed the question in the product": {"dismissed_at": AT},
    "Answered elsewhere": {
        "state": State.CLOSED,
        "reason": "collected",
        "answer": Answer(3),
        "answered_at": AT,
        "answered_day": "2026-11-29",
    },
    "Said when leaving": {"reported_comment": "zu teuer"},
}


@pytest.mark.parametrize("text", STEPS)
@pytest.mark.parametrize("language", ["en", "de"])
def test_each_step_has_its_words(world, text, language):
    who = person(world, 4)
    base = replace(theirs(world, who)[0], answer=None, answered_at=None, state=State.PENDING, reason="", sent_at=None)
    base = replace(base, delivered_at=None, delivery=None, sent_day="", answered_day="", occurred_at=AT, created_at=AT)
    world.table.invitations = {base.id: replace(base, **STEPS[text])}

    answer = story(world, who.id, language=language)
    assert answer.status == 200
    assert text in answer.body or language == "de"


def test_notes_and_tasks_are_part_of_the_story(world):
    ticket, who = world.sign_in(Role.AGENT), person(world)
    one = next(one for one in theirs(world, who) if one.answer)
    world.post(f"/app/responses/{one.id}", ticket, "note=called+back")
    world.post("/app/tasks", ticket, "source=stripe&kind=too_many_attributes&id=cus_0")

    page = world.get(f"/app/customers/{who.id}", ticket).body
    assert "called back" in page
    assert "Task: A source sends ever new attributes" in page
    assert "Task done" in page


def test_what_cannot_be_read_is_told(world):
    who = person(world)
    world.table.unreadable.add(theirs(world, who)[0].id)

    assert "One fact cannot be read" in story(world, who.id).body


def test_a_story_of_no_facts_says_so(world):
    who = person(world, 6)
    world.table.invitations = {}

    assert "No fact is stored" in story(world, who.id).body


def test_a_story_takes_one_look_at_the_table(world):
    story(world, person(world).id)

    assert world.people.stories.calls == {"story": 1}
