"""`afterbill explain`: from what an operator has at hand to the story."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from afterbill.adapters.dynamodb.facts import FactsTable
from afterbill.adapters.dynamodb.invitations import InvitationsTable
from afterbill.adapters.dynamodb.responses import ResponsesTable
from afterbill.adapters.dynamodb.restrictions import RestrictionsTable
from afterbill.adapters.dynamodb.short_links import ShortLinksTable
from afterbill.answers.external import ExternalResponse, closed_invitation
from afterbill.intake.ports import FactWrites
from afterbill.model.addresses import address_hash
from afterbill.model.anonymous import tombstone
from afterbill.model.channels import Channel
from afterbill.model.customer import Recipient, Suppression, Waiting
from afterbill.model.errors import AfterbillError
from afterbill.model.invitation import NO_DAY, Answer, Deferral, Delivery, SkipReason, State
from afterbill.model.links import Purpose, derive_key, sign
from afterbill.model.questions import Question
from afterbill.model.short_links import ShortLink
from afterbill.model.subscriptions import Subscription
from afterbill_cli.explain import commands, find
from afterbill_cli.explain.commands import explain
from afterbill_cli.explain.timeline import timeline
from afterbill_cli.skip_reasons import WHY, why
from afterbill_cli.suppression.stored import Lift, SuppressionTable
from tests.contract.people import ID, OTHER_ID, THIRD_ID, customer, invitation
from tests.contract.scores_table import TABLE

ADDRESS = "aiko@example.com"
HASHED = address_hash(ADDRESS, derive_key("x" * 64, "identity"))
CAPTURED = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
RULE = (
    "[touchpoints.payment_succeeded] delay 3d, window office, cooldown 90d, patience 14d, priority 50, "
    "channels mail, fallback 3d, sampling 1.0, quota none, reminder 7d, expiry 30d, stops nothing"
)
SENT = CAPTURED + 4 * DAY + timedelta(hours=13)
NOW = CAPTURED + 20 * DAY
RECENTLY = NOW - DAY


def waiting(**changes):
    return replace(
        invitation(),
        created_at=CAPTURED,
        occurred_at=CAPTURED - timedelta(minutes=1),
        due_at=CAPTURED + 3 * DAY,
        **changes,
    )


@pytest.fixture(autouse=True)
def a_month(monkeypatch):
    """Days are looked through from then on, and a month is enough to see it."""
    monkeypatch.setattr(find, "_days_back", lambda _: 30)
    monkeypatch.setattr(commands, "datetime", Then)


class Then(datetime):
    @classmethod
    def now(cls, tz=None):
        return NOW.astimezone(tz)


@pytest.fixture
def table(stack):
    return FactsTable(stack.client("dynamodb"), TABLE)


@pytest.fixture
def explained(stack, table, capsys):
    """A customer in Tokyo with one survey that waited, went out, was reminded of and answered."""
    person = customer(
        address=ADDRESS,
        address_hash=HASHED,
        name="Aiko",
        country="JP",
        locale="ja",
        attributes={"notice_at": "2026-01-01"},
    )
    invitation_ = waiting(
        deferrals=(Deferral(CAPTURED, SkipReason.WINDOW, SENT),),
        state=State.SENT,
        sent_at=SENT,
        message_id="message-1",
        delivery=Delivery.DELIVERED,
        reminded_at=SENT + 7 * DAY,
        answer=Answer(9),
        answered_at=SENT + 8 * DAY,
    )
    aliases = {"stripe#cus_9": (person.id, None)}
    table.commit(FactWrites(invitation_, (person,), aliases, event=("evt_1", "stripe"), about=ID, forget_at=CAPTURED))

    def tell(wanted, *, as_json=False):
        assert explain(stack, wanted, as_json=as_json) == 0
        return capsys.readouterr().out

    return tell


def test_the_story_is_told_in_order_with_every_decision_its_rule_and_its_time(explained):
    lines = [line.strip() for line in explained(ID).splitlines()]

    story = lines[lines.index(f"invitation {ID}, sent") + 1 :]
    assert story == [
        "2026-11-22 11:59:00 UTC  fact: payment_succeeded of source stripe: invoice in_1, customer cus_1",
        "2026-11-22 12:00:00 UTC  decided: ask, due 2026-11-25 12:00:00 UTC, Wed 25 Nov 21:00 Asia/Tokyo (delay 3d)",
        "2026-11-22 12:00:00 UTC  decided: wait until 2026-11-27 01:00:00 UTC, Fri 27 Nov 10:00 Asia/Tokyo: window, "
        + why(SkipReason.WINDOW, "payment_succeeded"),
        "2026-11-27 01:00:00 UTC  mail sent, Fri 27 Nov 10:00 Asia/Tokyo, message message-1; delivered",
        "2026-12-04 01:00:00 UTC  reminder sent, Fri 04 Dec 10:00 Asia/Tokyo",
        "2026-12-05 01:00:00 UTC  answered 9 of 10, no permission to be contacted",
        f"rule today: {RULE}",
    ]


def test_what_decides_about_a_customer_is_told_without_name_and_address(explained):
    output = explained(ID)

    assert "time zone      Asia/Tokyo, that of the country" in output
    assert (
        "legal basis    existing customer, told of the right to object, 2026-01-01 00:00 UTC; customer is needed"
        in output
    )
    assert "Aiko" not in output
    assert ADDRESS not in output


@pytest.mark.parametrize("wanted", [ID, "evt_1", "cus_9", "stripe#cus_9", ADDRESS, "AIKO@example.com", "customer-1"])
def test_whatever_an_operator_has_at_hand_leads_there(explained, table, wanted):
    table.commit(FactWrites(aliases={"stripe#customer-1": ("customer-1", None)}))

    assert f"invitation {ID}, sent" in explained(wanted)


def test_a_link_out_of_a_mail_leads_there_too(explained):
    token = sign(Purpose.SURVEY, ID, CAPTURED, {0: b"some other key, nobody checks it"})

    assert f"invitation {ID}, sent" in explained(f"https://nps.example.com/s/{token}?rating=3")


def test_a_customer_of_ours_is_found_by_id(stack, table, capsys):
    table.commit(FactWrites(customers=(customer("ab" * 16),)))

    explain(stack, "ab" * 16, as_json=False)

    assert "No fact is stored about this customer." in capsys.readouterr().out


@pytest.fixture
def shared(explained, table):
    """The address also belongs to a guest of another source, and the id to a customer there."""
    guest, namesake = customer("guest", address=ADDRESS, address_hash=HASHED), customer("namesake")
    aliases = {f"paddle@{HASHED}": ("guest", None), "paddle#cus_9": ("namesake", None)}
    table.commit(FactWrites(waiting(id=OTHER_ID, customer_id="guest"), (guest, namesake), aliases))
    return explained


def test_every_customer_with_this_address_is_told_of(shared):
    told = shared(ADDRESS)

    assert told.count("customer       ") == 2
    assert told.index("customer       guest") < told.index(f"invitation {OTHER_ID}, pending")
    assert f"invitation {ID}, sent" in told


def test_a_guest_is_found_by_the_name_of_their_alias_before_the_index_has_them(explained, table):
    table.commit(FactWrites(customers=(customer("guest"),), aliases={f"paddle@{HASHED}": ("guest", None)}))

    assert "customer       guest" in explained(ADDRESS)


def test_an_id_that_two_sources_use_is_told_of_both(shared):
    told = shared("cus_9")

    assert told.splitlines()[0] == "customer       customer-1"
    assert "\n\ncustomer       namesake\n" in told
    assert "guest" not in told


def test_programs_get_the_others_beside_the_first(shared):
    told = json.loads(shared("cus_9", as_json=True))

    assert (told["customer"], [other["customer"] for other in told["others"]]) == ("customer-1", ["namesake"])


def test_an_event_is_told_of_every_fact_it_reported_whatever_day_they_were_ready(table, stack, capsys):
    for id_, days in ((ID, 3), (OTHER_ID, 40)):
        one = replace(waiting(), id=id_, due_at=CAPTURED + days * DAY)
        table.commit(FactWrites(one, event=("evt_2", "stripe"), about=id_, forget_at=CAPTURED))

    assert explain(stack, "evt_2", as_json=False) == 0
    told = capsys.readouterr().out
    assert f"invitation {ID}, pending" in told
    assert f"invitation {OTHER_ID}, pending" in told


def test_an_event_about_two_customers_is_told_of_both(shared, table):
    table.commit(FactWrites(event=("evt_1", "paddle"), about=OTHER_ID, forget_at=CAPTURED))

    told = shared("evt_1")
    assert f"invitation {ID}, sent" in told
    assert f"invitation {OTHER_ID}, pending" in told


# Of the address


def test_what_is_known_of_the_address_is_told_with_its_customer(explained, stack):
    say_no(stack)

    told = explained("cus_9")
    assert "address        suppressed since 2026-11-22 12:00 UTC: unsubscribed\n" in told
    assert "not written to unsubscribed\n" in told


def test_who_lifted_a_suppression_is_told_with_the_reason(explained, stack):
    say_no(stack)
    suppressions = SuppressionTable(stack.client("dynamodb"), TABLE)
    lifted = Lift(SENT, "arn:aws:iam::123456789012:user/eve", "a mistake", Suppression.UNSUBSCRIBED)
    standing = suppressions.standing(HASHED)
    suppressions.lift(standing, lifted, standing.marked)

    assert json.loads(explained("cus_9", as_json=True))["address lifted"] == (
        "2026-11-27 01:00 UTC by arn:aws:iam::123456789012:user/eve, was unsubscribed: a mistake"
    )


def test_when_somebody_at_the_address_was_asked_last_is_told(explained, table, stack):
    invitations, known = InvitationsTable(stack.client("dynamodb"), TABLE), table.customer("customer-1")
    table.commit(FactWrites(waiting(id=OTHER_ID)))
    claim = replace(waiting(id=OTHER_ID), state=State.SENDING, attempt="a", claimed_at=SENT)
    assert invitations.claim(claim, known, Recipient(HASHED))

    assert "address        asked 2026-11-27 01:00 UTC" in explained(ADDRESS)


def test_an_address_whose_customer_was_erased_is_still_known(stack, capsys):
    ResponsesTable(stack.client("dynamodb"), TABLE).suppress(HASHED, Suppression.BOUNCED, CAPTURED, None)

    explain(stack, ADDRESS, as_json=False)

    assert capsys.readouterr().out.splitlines()[:2] == [
        "customer       unknown, or erased",
        "address        suppressed since 2026-11-22 12:00 UTC: bounced",
    ]


def say_no(stack):
    responses = ResponsesTable(stack.client("dynamodb"), TABLE)
    responses.suppress(HASHED, Suppression.UNSUBSCRIBED, CAPTURED, responses.customer("customer-1"))


def test_a_number_that_objected_is_told_with_its_customer_and_leads_to_them(stack, table, capsys):
    table.commit(FactWrites(customers=(customer("ab" * 16, phone="01512 3456789"),)))
    hashed = address_hash("+4915123456789", derive_key("x" * 64, "identity"))
    links = ShortLinksTable(stack.client("dynamodb"), TABLE)
    links.keep(ShortLink("0123456789", ID, SENT, hashed, "ab" * 16))
    links.suppress(hashed, Suppression.UNSUBSCRIBED, CAPTURED, None)

    explain(stack, "+49 1512 3456789", as_json=False)

    assert "phone          suppressed since 2026-11-22 12:00 UTC: unsubscribed\n" in capsys.readouterr().out


# Of subscriptions


@pytest.mark.parametrize(
    ("subscription", "told"),
    [
        (Subscription(RECENTLY), "(running)"),
        (Subscription(RECENTLY, ended_at=SENT), "(ending since 2026-11-27 01:00 UTC)"),
        (
            Subscription(RECENTLY, ended_at=CAPTURED, running_at=SENT),
            "(running: its end was taken back 2026-11-27 01:00 UTC)",
        ),
        (Subscription(RECENTLY, expired_at=SENT), "(ended as planned, 2026-11-27 01:00 UTC)"),
        (Subscription(datetime(2020, 1, 1, tzinfo=UTC)), "(not heard of since 2020-01-01 00:00 UTC)"),
    ],
    ids=["running", "ending", "taken back", "planned", "forgotten"],
)
def test_the_subscriptions_of_a_customer_are_told(stack, table, capsys, subscription, told):
    table.commit(FactWrites(customers=(customer("ab" * 16, subscriptions={"sub_1": subscription}),)))

    explain(stack, "ab" * 16, as_json=False)

    assert f"subscriptions  sub_1 {told}\n" in capsys.readouterr().out


def test_a_survey_that_waits_for_its_customer_says_so(explained, table):
    """The same reason tells of a reminder only that the product was no other way."""
    late = datetime(2999, 1, 1, tzinfo=UTC)
    wait = Deferral(CAPTURED, SkipReason.NOT_SEEN, late)
    table.commit(FactWrites(waiting(id=OTHER_ID, deferrals=(wait,), deferred_until=late)))
    table.commit(FactWrites(waiting(id=ID, state=State.SENT, sent_at=CAPTURED, deferrals=(wait,))))

    told = explained(OTHER_ID)

    assert (
        "within seen_within of [touchpoints.payment_succeeded] or [defaults]; it goes on as soon as they do\n" in told
    )
    assert "not asked, unless the customer uses the product until " in told
    assert "it goes on" not in explained(ID)


def test_the_surveys_that_wait_for_a_customer_are_told(stack, table, capsys):
    table.commit(FactWrites(customers=(customer("ab" * 16, when_seen=frozenset({ID})),)))

    explain(stack, "ab" * 16, as_json=False)

    assert f"when seen      {ID}\n" in capsys.readouterr().out


def test_a_survey_that_an_end_holds_back_says_so(explained, table):
    table.commit(FactWrites(waiting(id=OTHER_ID, deferrals=(Deferral(CAPTURED, SkipReason.STOPPED, SENT),))))

    assert "10:00 Asia/Tokyo: stopped, held back: the subscription's end may be taken back\n" in explained(OTHER_ID)


def test_attributes_that_had_to_go_are_told(stack, table, capsys):
    table.commit(FactWrites(customers=(customer("ab" * 16, crowded=True),)))

    explain(stack, "ab" * 16, as_json=False)

    assert "attributes     too many were sent: the newest are kept\n" in capsys.readouterr().out


def test_a_skipped_fact_says_why_and_where_to_change_that(explained, table):
    skipped = waiting(id=OTHER_ID, state=State.CLOSED, reason="not_sampled")
    table.commit(FactWrites(invitation=skipped))

    reason = (
        "decided: skip, not_sampled: this customer is not in the sample: sampling under [touchpoints.payment_succeeded]"
    )
    assert reason in explained(OTHER_ID)


def test_a_survey_closed_when_it_was_due_says_when_and_why(explained, table, stack):
    table.commit(FactWrites(invitation=waiting(id=OTHER_ID)))
    invitations = InvitationsTable(stack.client("dynamodb"), TABLE)
    invitations.close(waiting(id=OTHER_ID, closed_at=SENT), SkipReason.NO_BASIS)

    assert "2026-11-27 01:00:00 UTC  decided: not sent, no_basis: no legal basis is known" in explained(OTHER_ID)


def test_what_waits_says_when_its_mail_leaves(explained, table):
    later = datetime(2999, 1, 3, 1, tzinfo=UTC)
    table.commit(FactWrites(invitation=waiting(id=OTHER_ID, deferred_until=later)))

    assert "2999-01-03 01:00:00 UTC  its mail leaves Thu 03 Jan 10:00 Asia/Tokyo" in explained(OTHER_ID)
    past = datetime(2026, 1, 3, 1, tzinfo=UTC)
    table.commit(FactWrites(invitation=waiting(id=THIRD_ID, deferred_until=past)))
    assert "overdue since Sat 03 Jan 10:00 Asia/Tokyo" in explained(THIRD_ID)


def test_a_claim_without_an_end_is_told(explained, table):
    table.commit(FactWrites(invitation=waiting(id=OTHER_ID, state=State.SENDING, claimed_at=SENT)))

    assert "claimed for sending; what became of it is not known yet" in explained(OTHER_ID)


def test_what_keeps_a_customer_from_being_asked_is_told(stack, table, capsys):
    person = customer(
        "ab" * 16,
        country=None,
        locale=None,
        last_asked_at=SENT,
        last_adverse_at=SENT,
        suppressed="unsubscribed",
        deleted=True,
        waiting={ID: Waiting(70, SENT, SENT)},
    )
    table.commit(FactWrites(customers=(person,)))

    explain(stack, person.id, as_json=True)

    assert json.loads(capsys.readouterr().out) == {
        "customer": person.id,
        "time zone": "Europe/Berlin, yours: none is known",
        "country": "unknown",
        "language": "unknown",
        "legal basis": "none known; customer is needed",
        "last asked": "2026-11-27 01:00 UTC",
        "taken back": "2026-11-27 01:00 UTC",
        "not written to": "unsubscribed",
        "deleted": "says the billing system",
        "waiting": f"{ID} (priority 70)",
        "invitations": [],
    }


def test_an_invitation_of_nobody_is_told(explained, table):
    table.commit(
        FactWrites(
            invitation=waiting(id=OTHER_ID, customer_id="", objects={}, state=State.CLOSED, reason="no_customer")
        )
    )

    assert explained(OTHER_ID).startswith("customer       unknown, or erased")


def test_programs_get_the_same_as_json(explained):
    (invitation_,) = json.loads(explained("cus_9", as_json=True))["invitations"]

    assert (invitation_["id"], invitation_["state"], len(invitation_["story"])) == (ID, "sent", 6)


@pytest.mark.parametrize("wanted", ["nobody@example.com", "evt_404", "f" * 32, "stripe#cus_404"])
def test_what_is_not_there_is_said_with_what_can_be_asked_for(stack, wanted):
    with pytest.raises(AfterbillError, match=r"nothing is known of .* give a mail address"):
        explain(stack, wanted, as_json=False)


def test_every_reason_has_words():
    assert set(WHY) == set(SkipReason)


def test_an_answer_from_elsewhere_is_told_as_one(stack, table, capsys):
    given = ExternalResponse(
        id=OTHER_ID,
        fact="api|1|call-1|digest",
        channel=Channel.API,
        source="call centre",
        touchpoint="support_resolved",
        stage="support",
        answer=Answer(4),
        answered_at=CAPTURED - DAY,
        day="2026-11-21",
        question=Question.CSAT,
    )
    table.commit(FactWrites(closed_invitation(given, CAPTURED)))

    assert explain(stack, OTHER_ID, as_json=False) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert lines[lines.index(f"invitation {OTHER_ID}, closed") + 1 :][:2] == [
        (
            "2026-11-21 12:00:00 UTC  answered 4 of 5, elsewhere, no permission to be contacted: "
            "support_resolved of source call centre"
        ),
        "2026-11-22 12:00:00 UTC  kept: told by api, counts on 2026-11-21",
    ]


@pytest.fixture
def answered(stack, table, capsys):
    """A survey that was shown and dismissed inside the product, and then answered by its mail."""
    word = Answer(2, "Far too dear\x1b[31m.\n\u202eAnd slow.", "price", contact_ok=True)
    shown = {"shown_at": SENT + DAY, "dismissed_at": SENT + DAY, "answer": word, "answered_at": SENT + 2 * DAY}
    table.commit(FactWrites(waiting(state=State.SENT, sent_at=SENT, **shown), (customer(),)))

    def tell(*, as_json=False):
        assert explain(stack, ID, as_json=as_json) == 0
        return capsys.readouterr().out

    return tell


def test_what_somebody_answered_is_told_with_reason_and_permission(answered):
    lines = [line.strip() for line in answered().splitlines()]

    assert "2026-11-29 01:00:00 UTC  answered 2 of 10, reason price, may be contacted" in lines
    told = lines.index("comment:")
    assert lines[told : told + 3] == ["comment:", "| Far too dear.", "| And slow."]


def test_what_happened_inside_the_product_is_told(answered):
    lines = [line.strip() for line in answered().splitlines()]

    assert "2026-11-28 01:00:00 UTC  shown inside the product, Sat 28 Nov 02:00 Europe/Berlin" in lines
    assert "2026-11-28 01:00:00 UTC  dismissed inside the product, Sat 28 Nov 02:00 Europe/Berlin" in lines


def test_a_program_reads_the_answer_as_it_was_written(answered):
    told = answered(as_json=True)

    assert json.loads(told)["invitations"][0]["answer"] == {
        "question": "nps",
        "rating": 2,
        "reason": "price",
        "comment": "Far too dear\x1b[31m.\n\u202eAnd slow.",
        "contact_ok": True,
        "confirmed": True,
        "anonymous": False,
    }
    assert "\u202e" not in told


def test_words_whose_time_is_over_are_not_told(stack, table, capsys):
    long_ago = NOW - 400 * DAY
    said = invitation(
        state=State.SENT, due_at=long_ago, sent_at=long_ago, answered_at=long_ago, answer=Answer(3, "Too dear")
    )
    table.commit(FactWrites(said))

    explain(stack, ID, as_json=True)

    [told] = json.loads(capsys.readouterr().out)["invitations"]
    assert (told["answer"]["rating"], told["answer"]["comment"]) == (3, None)


def test_without_an_answer_there_is_none(stack, table, capsys):
    table.commit(FactWrites(waiting(), (customer(),)))
    explain(stack, ID, as_json=True)

    assert json.loads(capsys.readouterr().out)["invitations"][0]["answer"] is None


def test_a_test_survey_says_that_it_counts_nowhere(explained, table):
    """It is found by its address too, apart from the customers who have it."""
    person = customer("tester", address=ADDRESS, address_hash=HASHED, forget_at=CAPTURED + 40 * DAY)
    tested = waiting(id=OTHER_ID, customer_id="tester", answered_day=NO_DAY, state=State.SENT, sent_at=SENT)
    table.commit(FactWrites(replace(tested, answer=Answer(3, "seen"), answered_at=SENT), (person,)))

    output = explained(ADDRESS)

    assert f"invitation {OTHER_ID}, sent, a test: it counts nowhere" in output
    assert "customer       tester, of a test survey" in output
    assert "(a test)" in output
    assert "answered 3 of 10" in output
    assert json.loads(explained(OTHER_ID, as_json=True))["invitations"][0]["test"] is True
    assert json.loads(explained(ID, as_json=True))["invitations"][0]["test"] is False


# Who is restricted, and who was removed


@pytest.mark.parametrize("wanted", [ID, "cus_9", "evt_1"])
def test_of_a_restricted_customer_nothing_else_is_told(explained, stack, wanted):
    RestrictionsTable(stack.client("dynamodb"), TABLE).set_restricted("customer-1", NOW)

    assert explained(wanted).splitlines() == [
        "customer       customer-1",
        "restricted     since 2026-12-12 12:00 UTC: nothing is told of them",
    ]
    assert json.loads(explained(wanted, as_json=True))["invitations"] == []


def told(one):
    return [step.text for step in timeline(one, None)]


def test_of_a_removed_person_only_is_told_that_they_were():
    assert told(tombstone(waiting())) == [
        "the person was removed, all that is kept is where an objection by its links goes"
    ]


def test_and_what_counts_without_them():
    row = replace(tombstone(waiting()), address_hashes=(), sent_day="2026-11-25")
    answered = replace(row, answer=Answer(9), answered_at=NOW, answered_day="2026-12-12")

    assert told(row) == ["the person was removed, all that is kept is what counts: sent on 2026-11-25"]
    assert told(answered) == [
        "the person was removed, all that is kept is what counts: sent on 2026-11-25, answered 9 of 10"
    ]
