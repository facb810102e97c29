"""Each wing forgets its part of a customer, keeps what must stay, and copes with others who write in between."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.click_reviews import ReviewsTable
from afterbill.adapters.dynamodb.external_responses import ExternalResponsesTable
from afterbill.adapters.dynamodb.in_product import InProductSurveysTable
from afterbill.adapters.dynamodb.items import encode
from afterbill.answers.external import COLLECTED
from afterbill.intake.ports import FactQuery, FactWrites, ResponseWrite
from afterbill.model.anonymous import anonymous, tombstone
from afterbill.model.customer import Recipient, Suppression
from afterbill.model.errors import TransientError
from afterbill.model.invitation import NO_DAY, Answer, Deferral, Delivery, FollowUp, SkipReason, State
from afterbill.model.privacy import Removed
from afterbill.model.visits import Kind, Visit
from afterbill_cli.importing.imports_table import ImportsTable
from afterbill_cli.memory.scores import MemoryReviews
from tests.contract.conftest import TABLE
from tests.contract.erasing import CODE, LONGER, NUMBER, ROWS, WHO, all_items, in_memory, on_aws, plant, put
from tests.contract.people import (
    ADA,
    ADDRESS,
    DUE,
    ID,
    NOW,
    OTHER_ID,
    THIRD_ID,
    claimed,
    customer,
    invitation,
    mailed,
    sending,
    sent,
    stored,
)
from tests.contract.test_unreadable_items import spoil

OTHER = "customer-2"


@pytest.fixture
def privacy(world, request):
    return on_aws(world, request.getfixturevalue("aws")) if world.dynamodb else in_memory(world)


def read(privacy, id_):
    return privacy.world.invitations.invitation(id_)


# The whole


def test_every_wing_tells_what_it_did(privacy):
    plant(privacy)

    deliveries, answers, facts = privacy.forget()

    assert deliveries == {
        Removed.TIMERS: 1,
        Removed.ADDRESSES: 1,
        Removed.PAYMENT_LINKS: 2,
        Removed.PHONES: 1,
        Removed.SHORT_LINKS: 1,
    }
    assert answers == {Removed.INVITATIONS: 3, Removed.ROWS_KEPT: 1, Removed.ANSWERS_KEPT: 1}
    assert facts == {Removed.COPIES: 1, Removed.EVENTS: 1, Removed.TASKS: 1, Removed.ALIASES: 1, Removed.CUSTOMERS: 1}


def test_nothing_is_left_but_tombstones_and_the_row(privacy):
    plant(privacy)
    privacy.forget()

    world = privacy.world
    assert world.facts.customers([WHO]) == {}
    assert world.facts.customer_ids(["stripe#cus_1"]) == {}
    assert world.codes.code(CODE) is None
    assert world.codes.holder(NUMBER) == ""
    assert world.facts.tasks_waiting("stripe", "crowded", NOW) == 0
    assert privacy.schedules() == set()
    assert privacy.copies_kept() == 0
    if world.dynamodb:
        kinds = sorted(item["pk"]["S"].partition("#")[0] for item in all_items(world))
        assert kinds == ["INVITATION"] * 4


def test_to_forget_again_does_nothing(privacy):
    plant(privacy)
    privacy.forget()

    assert [sum(counts.values()) for counts in privacy.forget()] == [0, 0, 0]


@pytest.mark.parametrize("who", ["nobody", ""])
def test_who_never_was_is_forgotten_at_once(privacy, who):
    plant(privacy)

    assert [sum(counts.values()) for counts in privacy.forget(who)] == [0, 0, 0]
    assert read(privacy, ID).answer


# Rows and tombstones


SENT = {"state": State.SENT, "sent_at": NOW, "sent_day": "2026-11-22", "claimed_at": None}
ANSWERED = {"answered_at": NOW, "answered_day": "2026-11-23"}
SEGMENTS = {
    "touchpoint": "payment_succeeded",
    "stage": "purchase",
    "source": "stripe",
    "channel": "mail",
    "plan": "pro",
}
BEYOND_SCORES = {"account": "Analytical Engines Ltd", "payment_method": "card", "seats": "12"}
SURVEYS = {
    "sent": invitation(**SENT),
    "answered": invitation(**SENT, **ANSWERED, answer=Answer(0, "words", "price", contact_ok=True)),
    "clicked": invitation(**SENT, **ANSWERED, answer=Answer(9, confirmed=False)),
    "bounced": invitation(**SENT, delivery=Delivery.BOUNCED),
    "delivered": invitation(**SENT, delivery=Delivery.DELIVERED, delivered_at=NOW),
    "complained about": invitation(**SENT, delivery=Delivery.COMPLAINED),
    "another question": invitation(**SENT, **ANSWERED, segments=SEGMENTS | {"question": "ces"}, answer=Answer(7)),
    "a follow-up": invitation(**SENT, delivery_number=2, follow_ups=(FollowUp(NOW, "sms"),), channel="sms"),
    "visited": invitation(**SENT, visits=(Visit(NOW, Kind.OPENED, 9, "0badcafe", "safari"),), referred=3),
    "reported": invitation(
        **ANSWERED, state=State.CLOSED, reason=COLLECTED, address_hashes=(), segments=SEGMENTS, answer=Answer(10)
    ),
    "of an account": invitation(**SENT, segments=SEGMENTS | BEYOND_SCORES | {"question": "csat"}),
    "of an end": invitation(**SENT, reported_reason="price", reported_comment="words", reported_at=NOW),
    "at night elsewhere": invitation(**SENT | {"sent_day": "2026-11-21"}, created_at=NOW.replace(hour=23)),
}


def planted(privacy, surveys):
    """The surveys of one customer, as the table holds them, under the names they have here."""
    found = {}
    for number, (name, one) in enumerate(surveys.items(), 1):
        id_ = f"{number:02x}" * 16
        privacy.world.facts.commit(FactWrites(invitation=replace(one, id=id_)))
        found[name] = read(privacy, id_)
    return found


def test_what_counts_becomes_an_anonymous_row(privacy):
    surveys = planted(privacy, SURVEYS)
    privacy.forget()

    rows = [read(privacy, id_) for id_ in ROWS[: len(surveys)]]
    assert {
        name: one for name, one in surveys.items() if anonymous(one, "") not in [replace(row, id="") for row in rows]
    } == {}
    assert {name: read(privacy, one.id) for name, one in surveys.items()} == {
        name: tombstone(one) for name, one in surveys.items()
    }


def test_a_row_tells_what_scores_count_and_no_account(privacy):
    planted(privacy, {"of an account": SURVEYS["of an account"]})
    privacy.forget()

    assert read(privacy, ROWS[0]).segments == SEGMENTS | {"question": "csat", "removed": "yes"}


NOT_COUNTED = {
    "pending": invitation(),
    "skipped": invitation(state=State.CLOSED, reason="cooldown"),
    "a test": invitation(**SENT | {"sent_day": NO_DAY}, answered_day=NO_DAY, answered_at=NOW, answer=Answer(9)),
    "being sent": claimed(invitation()),
    "unknown": replace(claimed(invitation()), state=State.UNKNOWN),
}


def test_what_does_not_count_leaves_a_tombstone_alone(privacy):
    surveys = planted(privacy, NOT_COUNTED)
    _, answers, _ = privacy.forget()

    assert {name: read(privacy, one.id) for name, one in surveys.items()} == {
        name: tombstone(one) for name, one in surveys.items()
    }
    assert read(privacy, ROWS[0]) is None
    assert answers == {Removed.INVITATIONS: len(surveys), Removed.ROWS_KEPT: 0, Removed.ANSWERS_KEPT: 0}


def test_a_tombstone_tells_where_an_objection_goes(privacy):
    one = sent(privacy.world)
    privacy.forget()

    assert read(privacy, ID).address_hashes == one.address_hashes == (ADDRESS,)


def test_an_invitation_of_nobody_is_removed_by_its_id(privacy):
    privacy.world.facts.commit(FactWrites(invitation=invitation(**SENT, customer_id="")))
    person = privacy.people.invitations_of_nobody([ID])
    counts = [wing.forget(person) for wing in (privacy.deliveries, privacy.answers, privacy.facts)]

    assert counts[1] == {Removed.INVITATIONS: 1, Removed.ROWS_KEPT: 1, Removed.ANSWERS_KEPT: 0}
    assert read(privacy, ROWS[0]).sent_day == "2026-11-22"


def test_an_invitation_that_came_to_be_somebody_elses_stays(privacy):
    one, _ = stored(privacy.world)
    person = privacy.people.person(WHO)
    other = customer(OTHER)
    privacy.world.facts.commit(FactWrites(customers=(other,)))
    who = privacy.world.facts.customers([OTHER])[OTHER]
    assert privacy.world.invitations.claim(claimed(one), who, ADA)

    assert not privacy.answers.forget(person)
    assert read(privacy, ID).customer_id == OTHER


def test_what_cannot_be_read_is_removed_and_counts_as_before(privacy):
    sent(privacy.world)
    privacy.world.responses.record(ID, Answer(9, "words of Ada"), NOW, "2026-11-22")
    spoil(privacy.world, created_at="the day before", state="archived")
    _, answers, _ = privacy.forget()

    assert answers == {Removed.INVITATIONS: 1, Removed.ROWS_KEPT: 1, Removed.ANSWERS_KEPT: 1}
    if privacy.world.dynamodb:
        row, grave = (item(privacy, keys.invitation(id_)) for id_ in (ROWS[0], ID))
        assert (row["rating"], row["sent_day"], row["day_at"]) == ({"N": "9"}, DAY, {"S": "2026-11-22T12:00:00Z"})
        assert row["answered_at"] == {"S": "2026-11-22T12:00:00Z"}
        assert "comment" not in {*row, *grave}


DAY = {"S": "2026-11-22"}


def item(privacy, key):
    return privacy.world.dynamodb.get_item(TableName=TABLE, Key=key).get("Item", {})


def test_a_row_stands_where_the_answer_stood(aws_world, aws):
    """Under the same days, with everything that counting reads, as it was to the last digit."""
    privacy = on_aws(aws_world, aws)
    plant(privacy)

    def indexed(index):
        entries = aws_world.dynamodb.scan(TableName=TABLE, IndexName=index)["Items"]
        mine = [entry for entry in entries if entry["pk"]["S"] in {f"INVITATION#{ID}", f"INVITATION#{ROWS[0]}"}]
        (entry,) = mine
        segments = {name: one for name, one in entry.pop("segments")["M"].items() if name != "removed"}
        return {name: one for name, one in entry.items() if name not in MOMENTS}, segments

    before = indexed("by_day"), indexed("by_answered_day")
    privacy.forget()

    assert (indexed("by_day"), indexed("by_answered_day")) == before


MOMENTS = {"pk", "day_at", "answered_at", "reason", "event_id"}


def test_both_end_at_noon_and_never_together(aws_world, aws):
    privacy = on_aws(aws_world, aws)
    plant(privacy)
    before = item(privacy, keys.invitation(ID))
    privacy.forget()

    grave, row = (item(privacy, keys.invitation(id_)) for id_ in (ID, ROWS[0]))
    would, end, row_end = (datetime.fromtimestamp(int(one[keys.TTL]["N"]), UTC) for one in (before, grave, row))
    assert end.hour == row_end.hour == 12
    assert timedelta(0) < end - would <= timedelta(days=1)
    assert row_end - end == LONGER


def test_no_moment_of_the_row_is_finer_than_a_day_of_scores(aws_world, aws):
    """No attribute tells whoever sees both items that they belong together."""
    privacy = on_aws(aws_world, aws)
    plant(privacy)
    privacy.forget()

    one = read(privacy, ROWS[0])
    assert {one.created_at, one.occurred_at, one.due_at, one.sent_at, one.answered_at} == {
        NOW.replace(hour=12, minute=0, second=0)
    }
    assert one.expiry == one.cooldown == one.patience == timedelta(0)


# Others write in between


def meanwhile(privacy, act):
    """Let the person be read, then somebody act, then the wings forget."""
    person = privacy.people.person(WHO)
    act(privacy.world)
    return [wing.forget(person) for wing in (privacy.deliveries, privacy.answers, privacy.facts)]


def test_an_answer_that_came_in_between_counts(privacy):
    sent(privacy.world)
    meanwhile(privacy, lambda world: world.responses.record(ID, Answer(3, "words"), NOW, "2026-11-22"))

    assert read(privacy, ROWS[0]).answer == Answer(3)
    assert read(privacy, ID).answer is None


def test_a_customer_who_changed_stays_until_they_are_read_again(privacy):
    plant(privacy)
    who = privacy.world.facts.customers([WHO])[WHO]
    *_, facts = meanwhile(privacy, lambda world: world.responses.suppress(ADDRESS, "complained", NOW, who))

    assert facts[Removed.CUSTOMERS] == 0
    assert privacy.world.facts.customers([WHO])
    assert privacy.forget()[2][Removed.CUSTOMERS] == 1


def test_an_alias_that_leads_to_another_customer_by_now_stays(privacy):
    plant(privacy)
    merged = FactWrites(customers=(customer(OTHER),), aliases={"stripe#cus_1": (OTHER, WHO)})
    meanwhile(privacy, lambda world: world.facts.commit(merged))

    assert privacy.world.facts.customer_ids(["stripe#cus_1"]) == {"stripe#cus_1": OTHER}


def just_before(world, operation, act):
    """Let somebody act just before each call of this operation, as long as there is something to do."""
    acts = iter(act if isinstance(act, list) else [act])

    def turn(**_):
        for one in acts:
            one()
            return

    world.dynamodb.meta.events.register(f"before-call.dynamodb.{operation}", turn)


def test_an_answer_that_comes_just_before_the_row_is_in_it(aws_world, aws):
    privacy = on_aws(aws_world, aws)
    sent(aws_world)
    just_before(aws_world, "TransactWriteItems", lambda: aws_world.responses.record(ID, Answer(3), NOW, "2026-11-22"))
    privacy.forget()

    assert read(privacy, ROWS[1]).answer == Answer(3)
    assert read(privacy, ROWS[0]) is None


def test_an_invitation_that_changes_all_the_time_is_left_to_a_later_run(aws_world, aws):
    privacy = on_aws(aws_world, aws)
    sent(aws_world)
    answers = [partial(aws_world.responses.record, ID, Answer(n), NOW, "2026-11-22") for n in range(11)]
    just_before(aws_world, "TransactWriteItems", answers)

    with pytest.raises(TransientError, match="changed"):
        privacy.forget()


def test_an_objection_that_comes_just_before_its_address_goes_stays(aws_world, aws):
    privacy = on_aws(aws_world, aws)
    sent(aws_world)
    objects = partial(aws_world.responses.suppress, ADDRESS, "unsubscribed", NOW, None)
    just_before(aws_world, "DeleteItem", objects)
    privacy.forget()

    kept = {"reason": "unsubscribed", "since": "2026-11-22T13:30:15Z", "said_at": "2026-11-22T13:30:15Z"}
    assert item(privacy, keys.address(ADDRESS)) == keys.address(ADDRESS) | encode(kept)


def act_on(world, one, who):
    """Everything that anybody may still try with an invitation."""
    late = mailed(replace(one, delivery=Delivery.BOUNCED, reminded_at=NOW, delivery_number=2))
    world.invitations.mark_sent(late)
    world.invitations.mark_unknown(late)
    world.invitations.release(late, who, Recipient(ADDRESS, NOW))
    world.invitations.release_reminder(late)
    world.invitations.release_follow_up(late)
    world.invitations.close(late, "expired")
    world.invitations.defer(replace(late, generation=2), who)
    assert not world.invitations.claim(claimed(one, "attempt-2"), who, ADA)
    assert not world.invitations.claim_reminder(late, who)
    assert not world.invitations.claim_follow_up(late, who)
    world.mail_events.confirm_sent(late, "message-2", NOW, "2026-11-22")
    world.mail_events.deliver(ID, Delivery.BOUNCED, NOW)
    assert not world.responses.record(ID, Answer(9, "words"), NOW, "2026-11-22").stored
    world.responses.visit(ID, Visit(NOW, Kind.SEEN, 9, "0badcafe", "safari"))
    assert world.codes.refer(ID) is None
    in_product = InProductSurveysTable(world.dynamodb, TABLE) if world.dynamodb else world.facts
    assert not in_product.show(ID, NOW)
    in_product.hide(ID, NOW)
    in_product.dismiss(ID, NOW)
    in_product.open(one)
    in_product.seen(who, NOW)
    in_memory = MemoryReviews(getattr(world.facts, "invitations", {}))
    reviews = ReviewsTable(world.dynamodb, TABLE) if world.dynamodb else in_memory
    assert not reviews.store_review(replace(one, label="hidden_link"), one)
    external = ExternalResponsesTable(world.dynamodb, TABLE) if world.dynamodb else world.facts
    assert external.keep_answer(one) is not None
    imports = ImportsTable(world.dynamodb, TABLE) if world.dynamodb else world.facts
    assert not imports.store([ResponseWrite(one, world.invitations.invitation(ID))])
    assert not world.facts.commit(FactWrites(invitation=one))
    assert not world.facts.commit(FactWrites(customers=(who,)))


def test_nothing_brings_a_removed_survey_back_to_life(privacy):
    one, who = sending(privacy.world)
    who = privacy.world.facts.customers([WHO])[WHO]
    privacy.forget()
    before = read(privacy, ID)
    raw = all_items(privacy.world) if privacy.world.dynamodb else None
    act_on(privacy.world, one, who)

    assert read(privacy, ID) == before
    assert raw is None or all_items(privacy.world) == raw


# Addresses and objections


def address(privacy):
    return privacy.world.invitations.situation(invitation(customer_id=OTHER)).recipient


def test_an_address_is_forgotten_with_its_only_customer(privacy):
    sent(privacy.world)
    deliveries, *_ = privacy.forget()

    assert deliveries[Removed.ADDRESSES] == 1
    assert not privacy.world.codes.suppressed(ADDRESS)
    stored(privacy.world, invitation(OTHER_ID, customer_id=OTHER), customer(OTHER))
    assert address(privacy) == Recipient(ADDRESS)


def test_an_address_that_somebody_else_has_too_is_known_further(privacy):
    sent(privacy.world)
    privacy.world.facts.commit(FactWrites(customers=(customer(OTHER),)))
    privacy.forget()

    assert address(privacy) == Recipient(ADDRESS, NOW)


def test_an_objection_stays_without_when_they_were_asked(privacy):
    sent(privacy.world)
    privacy.world.responses.suppress(ADDRESS, "unsubscribed", NOW, None)
    person = privacy.people.person(WHO)
    privacy.forget()

    assert privacy.deliveries.objections([person]) == 1
    privacy.world.facts.commit(FactWrites(customers=(customer(OTHER),)))
    assert address(privacy) == Recipient(ADDRESS, None, Suppression.UNSUBSCRIBED)


def test_an_objection_that_only_the_customer_carries_is_kept_for_address_and_number(privacy):
    who = customer(suppressed=Suppression.COMPLAINED, phone="+491512345678")
    privacy.world.facts.commit(FactWrites(customers=(who,)))
    person = privacy.people.person(WHO)
    privacy.forget()

    assert privacy.deliveries.objections([person, person]) == 2
    assert privacy.world.codes.suppressed(ADDRESS)
    assert privacy.world.codes.suppressed(NUMBER)


def test_a_bounce_that_the_customer_carries_is_no_objection(privacy):
    privacy.world.facts.commit(FactWrites(customers=(customer(suppressed=Suppression.BOUNCED),)))
    privacy.forget()

    assert not privacy.world.codes.suppressed(ADDRESS)


def test_an_older_address_of_a_survey_is_forgotten_too(privacy):
    older = "0f" * 16
    stored(privacy.world, invitation(address_hashes=(older,)))
    privacy.world.responses.suppress(older, "unsubscribed", NOW, None)
    person = privacy.people.person(WHO)
    privacy.forget()

    assert privacy.deliveries.objections([person]) == 1
    assert privacy.world.codes.suppressed(older)


@pytest.mark.parametrize("more", [{"last_asked_at": "2026-11-22T13:30:15Z"}, {}], ids=["asked", "never asked"])
def test_an_address_keeps_since_when_it_is_suppressed_without_the_words_of_operators(aws_world, aws, more):
    privacy = on_aws(aws_world, aws)
    sent(aws_world)
    kept = {"reason": "complained", "since": "2026-11-22T13:30:15Z", "lifted_at": "2026-11-01T00:00:00Z"}
    put(aws_world, keys.address(ADDRESS) | encode(kept | more | {"lifts": [{"why": "Ada called"}]}))
    privacy.forget()

    assert item(privacy, keys.address(ADDRESS)) == keys.address(ADDRESS) | encode(kept)


# Links of payments


def test_links_that_a_lesson_joined_are_forgotten_with_its_customer(privacy):
    """Where no survey came of the payment, no invitation names its links."""
    facts = privacy.world.facts
    facts.commit(FactWrites(customers=(customer(),), peers=frozenset({"a", "b", "c"}), customer_id=WHO))
    deliveries, *_ = privacy.forget()

    assert deliveries[Removed.PAYMENT_LINKS] == 3
    assert facts.look_up(FactQuery(links=["a", "b", "c"])).peers == frozenset()


# Timers


@pytest.mark.parametrize(
    ("one", "number"),
    [
        (invitation(due_at=DUE + timedelta(days=1)), 1),
        (invitation(due_at=DUE + timedelta(days=1), generation=3), 1),
        (invitation(**SENT), 2),
        (invitation(**SENT, delivery_number=2), 3),
        (invitation(state=State.CLOSED, reason="superseded", due_at=DUE + timedelta(days=1)), 1),
    ],
    ids=["the survey", "deferred", "the reminder", "after a follow-up", "closed before its time"],
)
def test_a_timer_that_waits_is_deleted(privacy, one, number):
    stored(privacy.world, one)
    privacy.timer.at(one, number, NOW + timedelta(days=1))
    privacy.timer.at(invitation(THIRD_ID), 1, NOW + timedelta(days=1))
    deliveries, *_ = privacy.forget()

    assert deliveries[Removed.TIMERS] == 1
    assert privacy.schedules() == {f"{THIRD_ID}-g1-d1"}


def test_timers_of_what_cannot_be_read_are_deleted(aws_world, aws):
    privacy = on_aws(aws_world, aws)
    one, _ = stored(aws_world, invitation(generation=3))
    privacy.timer.at(one, 1, DUE)
    spoil(aws_world, state="archived")
    privacy.forget()

    assert privacy.schedules() == set()


def test_old_surveys_cost_no_calls_to_delete_timers():
    old = [invitation(**SENT), invitation(state=State.CLOSED)]

    assert [one.schedule_names(NOW + timedelta(days=60)) for one in old] == [frozenset(), frozenset()]


def test_the_timer_of_a_survey_whose_customer_came_sooner_is_deleted_too():
    until = NOW + timedelta(days=14)
    waited = invitation().defer(Deferral(NOW, SkipReason.NOT_SEEN, until))
    shown = replace(waited, state=State.SENT, sent_at=NOW, deferred_until=None)

    assert waited.schedule_name(1) in shown.schedule_names(NOW)
    assert waited.schedule_name(1) not in shown.schedule_names(until)
