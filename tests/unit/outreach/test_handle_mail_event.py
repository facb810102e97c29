import itertools
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.model.errors import PayloadError
from afterbill.model.invitation import Delivery, Invitation, State
from afterbill.model.links import Purpose
from afterbill.model.messages import INVITATION_TAG
from afterbill.outreach.delivery_reports import Outcome
from afterbill.outreach.handle_mail_event import MailEventDeps, handle_mail_event
from tests.factories import (
    ADA,
    DAY,
    HOUR,
    KEYS,
    NOON,
    customer,
    day_of,
    hash_address,
    invitation,
    ses_event,
    survey_token,
)
from tests.world import World

ID = invitation().id
PROOFS = (
    "send",
    "delivery_delay",
    "delivery",
    "bounce_transient",
    "complaint_not_spam",
    "bounce_permanent",
    "complaint",
)
NO_PROOFS = ("reject", "rendering_failure", "subscription")
KINDS = (*PROOFS, *NO_PROOFS)
SENDER = "survey@example.com"


def asked(state: State = State.SENT, **changes: Any) -> World:
    """Ada's mail was handed over at noon."""
    world = World()
    world.stored.invitations[ID] = invitation(**{"state": state, "attempt": "a", "claimed_at": NOON} | changes)
    world.stored.people["ada"] = customer()
    return world


def stored(world: World) -> Invitation:
    return world.stored.invitations[ID]


@pytest.mark.parametrize(
    ("kind", "delivery"),
    [
        ("send", Delivery.ACCEPTED),
        ("delivery", Delivery.DELIVERED),
        ("delivery_delay", Delivery.ACCEPTED),
        ("bounce_transient", Delivery.ACCEPTED),
        ("complaint_not_spam", Delivery.ACCEPTED),
        ("bounce_permanent", Delivery.BOUNCED),
        ("complaint", Delivery.COMPLAINED),
    ],
)
def test_each_event_raises_the_delivery_to_its_rank(kind: str, delivery: Delivery) -> None:
    world = asked()
    world.report(ses_event(kind, ID))
    assert stored(world).delivery is delivery


@pytest.mark.parametrize("bounce_type", ["Transient", "Undetermined"])
def test_a_bounce_that_is_not_for_good_leaves_the_delivery_as_it_was(bounce_type: str) -> None:
    """A reply that somebody is away is such a bounce, of a mail that arrived."""
    world = asked()
    world.report(ses_event("delivery", ID))
    away = ses_event("bounce_transient", ID)
    away["bounce"]["bounceType"] = bounce_type
    assert world.report(away) is Outcome.REPEATED
    assert stored(world).delivery is Delivery.DELIVERED


@pytest.mark.parametrize(
    ("kind", "block", "reason"),
    [("bounce_permanent", "bounce", "bounced"), ("complaint", "complaint", "complained")],
)
def test_what_ses_held_back_itself_neither_bounced_nor_annoyed_and_is_not_written_to_again(
    kind: str, block: str, reason: str
) -> None:
    world = asked()
    held_back = ses_event(kind, ID)
    held_back[block][f"{block}SubType"] = "OnAccountSuppressionList"
    assert world.report(held_back) is Outcome.SUPPRESSED
    assert stored(world).delivery is Delivery.ACCEPTED
    assert world.stored.suppressions == {hash_address(ADA): reason}


def test_what_was_new_is_noted_and_what_was_known_is_repeated() -> None:
    world = asked()
    assert world.report(ses_event("delivery", ID)) is Outcome.NOTED
    assert world.report(ses_event("delivery", ID)) is Outcome.REPEATED
    assert world.report(ses_event("send", ID)) is Outcome.REPEATED


@pytest.mark.parametrize("state", [State.SENDING, State.UNKNOWN])
@pytest.mark.parametrize("kind", PROOFS)
def test_every_proof_that_the_mail_was_taken_settles_it(state: State, kind: str) -> None:
    world = asked(state)
    world.report(ses_event(kind, ID))
    settled = stored(world)
    assert (settled.state, settled.sent_day) == (State.SENT, "2026-11-25")
    assert settled.message_id == "0107019c0a1b2c3d-11111111-2222-3333-4444-555555555555-000000"
    assert settled.sent_at is not None
    assert settled.sent_at.isoformat() == "2026-11-25T12:00:02.012000+00:00"


def test_settling_is_told() -> None:
    assert asked(State.UNKNOWN).report(ses_event("send", ID)) is Outcome.CONFIRMED_SENT


@pytest.mark.parametrize("state", [State.SENDING, State.UNKNOWN, State.SENT])
@pytest.mark.parametrize("kind", NO_PROOFS)
def test_what_proves_nothing_changes_nothing(state: State, kind: str) -> None:
    world = asked(state)
    before = stored(world)
    assert world.report(ses_event(kind, ID)) is Outcome.OTHER
    assert stored(world) == before


@pytest.mark.parametrize("state", [State.PENDING, State.CLOSED])
def test_what_was_never_handed_over_is_not_settled(state: State) -> None:
    world = asked(state)
    world.report(ses_event("send", ID))
    assert stored(world).state is state


def test_the_moment_of_sending_that_is_known_already_stays() -> None:
    world = asked(sent_at=NOON, sent_day="2026-11-22", message_id="m")
    world.report(ses_event("delivery", ID))
    assert (stored(world).sent_at, stored(world).message_id) == (NOON, "m")


def test_who_complains_is_a_person_who_is_never_written_to_again() -> None:
    world = asked()
    assert world.report(ses_event("complaint", ID)) is Outcome.SUPPRESSED
    assert world.stored.suppressions == {hash_address(ADA): "complained"}
    assert world.stored.people["ada"].suppressed == "complained"


def test_a_bounce_is_about_the_address_alone() -> None:
    world = asked()
    assert world.report(ses_event("bounce_permanent", ID)) is Outcome.SUPPRESSED
    assert world.stored.suppressions == {hash_address(ADA): "bounced"}
    assert world.stored.people["ada"].suppressed is None


@pytest.mark.parametrize("kind", ["send", "delivery", "delivery_delay", "bounce_transient"])
def test_a_full_mailbox_may_be_written_to_again(kind: str) -> None:
    world = asked()
    world.report(ses_event(kind, ID))
    assert world.stored.suppressions == {}
    assert world.stored.people["ada"].suppressed is None


@pytest.mark.parametrize(
    "spelled", ["Ada@EXAMPLE.com", "Ada Lovelace <ada@example.com>", '"Lovelace, Ada" <ADA@example.com>']
)
def test_neither_letter_case_nor_a_name_in_the_report_matters(spelled: str) -> None:
    world = asked()
    world.report(ses_event("complaint", ID, to=json.dumps(spelled)[1:-1]))
    assert world.stored.people["ada"].suppressed == "complained"


def test_a_customer_who_has_moved_on_gives_up_only_the_old_address() -> None:
    world = asked()
    world.report(ses_event("complaint", ID, to="ada@old.example"))
    assert world.stored.suppressions == {hash_address("ada@old.example"): "complained"}
    assert world.stored.people["ada"].suppressed is None


def test_where_mail_is_forwarded_the_address_written_to_is_given_up_too() -> None:
    world = asked()
    report = ses_event("complaint", ID)
    report["complaint"]["complainedRecipients"][0]["emailAddress"] = "last@forwarded.example"
    world.report(report)
    assert set(world.stored.suppressions) == {hash_address(ADA), hash_address("last@forwarded.example")}
    assert world.stored.people["ada"].suppressed == "complained"


@pytest.mark.parametrize("said", ["not-spam", "Not-Spam", " not-spam "])
def test_who_takes_a_mail_out_of_the_spam_folder_has_not_complained(said: str) -> None:
    world = asked(delivery=Delivery.DELIVERED)
    rescued = ses_event("complaint_not_spam", ID)
    rescued["complaint"]["complaintFeedbackType"] = said
    assert world.report(rescued) is Outcome.REPEATED
    assert stored(world).delivery is Delivery.DELIVERED
    assert world.stored.suppressions == {}
    assert world.stored.people["ada"].suppressed is None


@pytest.mark.parametrize("said", ["abuse", "auth-failure", "fraud", "other", "virus", "something new", None])
def test_every_other_complaint_is_one(said: str | None) -> None:
    world = asked()
    complaint = ses_event("complaint", ID)
    complaint["complaint"]["complaintFeedbackType"] = said
    assert world.report(complaint) is Outcome.SUPPRESSED
    assert stored(world).delivery is Delivery.COMPLAINED


@pytest.mark.parametrize("missing", ["complaintFeedbackType", "complaintSubType", "complainedRecipients", "timestamp"])
def test_a_complaint_that_leaves_something_out_is_one(missing: str) -> None:
    world = asked()
    complaint = ses_event("complaint", ID)
    del complaint["complaint"][missing]
    world.report(complaint)
    assert world.stored.people["ada"].suppressed == "complained"


@pytest.mark.parametrize("details", [None, [], "gone", {"complainedRecipients": [None, {}, {"emailAddress": 5}]}])
def test_a_complaint_without_readable_details_is_about_the_address_written_to(details: object) -> None:
    world = asked()
    assert world.report(ses_event("complaint", ID) | {"complaint": details}) is Outcome.SUPPRESSED
    assert world.stored.suppressions == {hash_address(ADA): "complained"}


def test_a_complaint_that_names_nobody_counts_and_suppresses_nobody() -> None:
    world = asked()
    nameless = ses_event("complaint", ID) | {"complaint": {}}
    del nameless["mail"]["destination"]
    assert world.report(nameless) is Outcome.NOTED
    assert stored(world).delivery is Delivery.COMPLAINED
    assert world.stored.suppressions == {}


@pytest.mark.parametrize("who", [customer(address=None), None])
def test_somebody_without_an_address_leaves_the_suppression_of_it(who: Any) -> None:
    world = asked()
    world.stored.people = {"ada": who} if who else {}
    assert world.report(ses_event("complaint", ID)) is Outcome.SUPPRESSED
    assert set(world.stored.suppressions) == {hash_address(ADA)}


def test_mail_that_is_not_ours_is_foreign() -> None:
    world = asked()
    untagged = ses_event("delivery", ID)
    del untagged["mail"]["tags"][INVITATION_TAG]
    assert world.report(untagged) is Outcome.FOREIGN
    assert world.report(ses_event("delivery", "ff" * 16)) is Outcome.FOREIGN
    assert stored(world).delivery is None


# Notifications: `notificationType` in place of `eventType`, without tags


def notified(kind: str, to: str = ADA) -> dict[str, Any]:
    """The same event as SES words it in a notification, its tags kept."""
    record = ses_event(kind, ID, to)
    record["notificationType"] = record.pop("eventType")
    return record


def report(world: World, record: dict[str, Any]) -> Outcome:
    """The mail system tells something to the function as it is deployed."""
    deps = MailEventDeps(world.table, hash_address, day_of, link_keys=lambda: KEYS, sender=SENDER)
    return handle_mail_event(record, deps, world.now)


def with_link(record: dict[str, Any], token: str) -> dict[str, Any]:
    """The record with this token in the unsubscribe link of its mail."""
    changed: dict[str, Any] = json.loads(json.dumps(record).replace("UNSUBSCRIBE_TOKEN", token))
    return changed


@pytest.mark.parametrize("kind", KINDS)
def test_a_notification_with_tags_means_what_the_event_means(kind: str) -> None:
    told, said = asked(State.UNKNOWN), asked(State.UNKNOWN)
    assert told.report(notified(kind)) is said.report(ses_event(kind, ID))
    assert (told.stored.invitations, told.stored.suppressions) == (said.stored.invitations, said.stored.suppressions)
    assert told.stored.people == said.stored.people


def test_without_tags_the_signed_unsubscribe_link_tells_the_invitation() -> None:
    world = asked()
    complaint = with_link(ses_event("notification_complaint", ID), survey_token(invitation(), Purpose.UNSUBSCRIBE))
    assert report(world, complaint) is Outcome.SUPPRESSED
    assert stored(world).delivery is Delivery.COMPLAINED
    assert world.stored.people["ada"].suppressed == "complained"


@pytest.mark.parametrize("token", [survey_token(invitation()), "forged", "A" * 52, ""])
def test_a_link_that_is_no_signed_unsubscribe_link_tells_nothing(token: str) -> None:
    world = asked()
    assert report(world, with_link(ses_event("notification_complaint", ID), token)) is Outcome.SUPPRESSED
    assert stored(world).delivery is None
    assert world.stored.people["ada"].suppressed is None


@pytest.mark.parametrize(
    ("kind", "reason"), [("notification_bounce", "bounced"), ("notification_complaint", "complained")]
)
def test_without_any_trace_of_the_invitation_the_reported_address_of_our_mail_is_given_up(
    kind: str, reason: str
) -> None:
    world = asked()
    assert report(world, ses_event(kind, ID)) is Outcome.SUPPRESSED
    assert world.stored.suppressions == {hash_address(ADA): reason}
    assert (stored(world).delivery, world.stored.people["ada"].suppressed) == (None, None)


def test_of_several_recipients_of_such_a_mail_only_the_reported_one_is_given_up() -> None:
    world = asked()
    bounce = ses_event("notification_bounce", ID)
    bounce["mail"]["destination"] += ["eve@example.com"]
    report(world, bounce)
    assert set(world.stored.suppressions) == {hash_address(ADA)}


@pytest.mark.parametrize("source", ["Shop <orders@example.com>", "", None])
@pytest.mark.parametrize("kind", ["notification_bounce", "notification_complaint"])
def test_a_mail_of_somebody_else_is_foreign_even_if_it_was_complained_about(kind: str, source: str | None) -> None:
    world = asked()
    record = ses_event(kind, ID)
    record["mail"]["source"] = source
    assert report(world, record) is Outcome.FOREIGN
    assert world.stored.suppressions == {}


def test_a_stack_that_does_not_know_its_sender_leaves_mails_without_traces_alone() -> None:
    world = asked()
    nobody_s = ses_event("notification_bounce", ID)
    nobody_s["mail"]["source"] = ""
    assert world.report(nobody_s) is Outcome.FOREIGN
    assert world.stored.suppressions == {}


@pytest.mark.parametrize("change", [{"bounceType": "Transient"}, {"bouncedRecipients": []}])
def test_no_other_bounce_without_a_trace_changes_anything(change: dict[str, Any]) -> None:
    world = asked()
    bounce = ses_event("notification_bounce", ID)
    bounce["bounce"] |= change
    assert report(world, bounce) is Outcome.FOREIGN
    assert world.stored.suppressions == {}


def test_not_spam_without_a_trace_suppresses_nobody() -> None:
    world = asked()
    rescued = ses_event("notification_complaint", ID)
    rescued["complaint"]["complaintFeedbackType"] = "not-spam"
    assert report(world, rescued) is Outcome.FOREIGN
    assert world.stored.suppressions == {}


@pytest.mark.parametrize("kind", ["notification_delivery", "received"])
def test_what_else_is_told_of_mails_without_traces_is_foreign(kind: str) -> None:
    assert report(asked(), ses_event(kind, ID)) is Outcome.FOREIGN


def test_the_greeting_of_ses_when_a_topic_is_set_is_about_no_mail() -> None:
    assert report(asked(), ses_event("notification_topic_set", ID)) is Outcome.OTHER


@pytest.mark.parametrize("headers", [None, "List-Unsubscribe", [None], [{}], [{"name": "List-Unsubscribe"}]])
def test_headers_that_cannot_be_read_tell_nothing(headers: object) -> None:
    record = ses_event("notification_delivery", ID)
    record["mail"]["headers"] = headers
    assert report(asked(), record) is Outcome.FOREIGN


@pytest.mark.parametrize(
    ("spelled", "meant"),
    [
        ("2026-11-25T12:00:02Z", datetime(2026, 11, 25, 12, 0, 2, tzinfo=UTC)),
        ("2026-11-25T12:00:02.5Z", datetime(2026, 11, 25, 12, 0, 2, 500000, tzinfo=UTC)),
        ("2026-11-25T12:00:02.012Z", datetime(2026, 11, 25, 12, 0, 2, 12000, tzinfo=UTC)),
        ("2026-11-25T04:00:02.012-08:00", datetime(2026, 11, 25, 12, 0, 2, 12000, tzinfo=UTC)),
        ("2026-11-25T12:00:02", datetime(2026, 11, 25, 12, 0, 2, tzinfo=UTC)),
    ],
)
def test_every_spelling_of_the_moment_is_read(spelled: str, meant: datetime) -> None:
    world = asked(State.UNKNOWN)
    sent = ses_event("send", ID)
    sent["mail"]["timestamp"] = spelled
    world.report(sent)
    assert (stored(world).sent_at, stored(world).sent_day) == (meant, "2026-11-25")


@pytest.mark.parametrize(
    "broken",
    [
        {},
        [],
        "Send",
        {"eventType": "Send"},
        {"eventType": "Send", "mail": None},
        {"eventType": "Send", "mail": []},
        {"eventType": "Send", "mail": {"messageId": "m"}},
        {"eventType": "Send", "mail": {"messageId": "m", "timestamp": "yesterday"}},
        {"eventType": "Send", "mail": {"messageId": "m", "timestamp": 5}},
        {"eventType": "Send", "mail": {"messageId": "m", "timestamp": "2026-11-25T12:00:02Z", "tags": None}},
        {"eventType": 5, "mail": {"messageId": "m", "timestamp": "2026-11-25T12:00:02Z"}},
        {"eventType": None, "mail": {"messageId": "m", "timestamp": "2026-11-25T12:00:02Z"}},
        {"type": "Bounce", "mail": {"messageId": "m", "timestamp": "2026-11-25T12:00:02Z"}},
    ],
)
def test_what_is_no_mail_event_is_left_to_the_dead_letter_queue(broken: Any) -> None:
    with pytest.raises(PayloadError, match="SES event"):
        asked().report(broken)


def outcome_of(kinds: tuple[str, ...], state: State) -> object:
    world = asked(state)
    for kind in kinds:
        world.report(ses_event(kind, ID))
    return world.stored.invitations, world.stored.suppressions, world.stored.people["ada"].suppressed


@pytest.mark.parametrize("state", [State.SENDING, State.UNKNOWN, State.SENT])
def test_any_order_of_a_mails_events_comes_to_the_same(state: State) -> None:
    course = ("send", "delivery", "bounce_permanent", "complaint")
    orders = itertools.permutations(course)
    assert all(outcome_of(order, state)[0] == outcome_of(course, state)[0] for order in orders)


@given(st.permutations([*PROOFS[:5], "complaint"] * 2), st.sampled_from([State.SENDING, State.UNKNOWN]))
def test_any_order_and_number_of_them_ends_in_the_same_state(kinds: list[str], state: State) -> None:
    assert outcome_of(tuple(kinds), state) == outcome_of(("send", "delivery", "complaint"), state)


@given(st.lists(st.sampled_from(KINDS), min_size=1).map(tuple))
def test_telling_everything_twice_changes_nothing(kinds: tuple[str, ...]) -> None:
    assert outcome_of(kinds, State.UNKNOWN) == outcome_of(kinds + kinds, State.UNKNOWN)


def test_a_complaint_counts_more_than_the_bounce_before_or_after_it() -> None:
    for kinds in itertools.permutations(("bounce_permanent", "complaint")):
        assert outcome_of(kinds, State.SENT)[1:] == ({hash_address(ADA): "complained"}, "complained")


@pytest.mark.parametrize("name", ["send", "delivery", "bounce", "complaint", "click"])
def test_events_recorded_at_the_mail_system_are_understood(payloads: Path, name: str) -> None:
    recorded = json.loads((payloads / "ses" / f"{name}.json").read_text(encoding="utf-8"))
    assert asked().report(recorded) is Outcome.FOREIGN
    recorded["mail"]["tags"][INVITATION_TAG] = [ID]
    expected = {"bounce": Outcome.SUPPRESSED, "complaint": Outcome.SUPPRESSED, "click": Outcome.OTHER}
    assert asked(State.UNKNOWN).report(recorded) is expected.get(name, Outcome.CONFIRMED_SENT)


@pytest.mark.parametrize(
    ("name", "outcome"),
    [("5a.complaint.notificationType", Outcome.SUPPRESSED), ("5b.complaint.not_spam", Outcome.NOTED)],
)
def test_records_that_were_misread_once_are_understood(payloads: Path, name: str, outcome: Outcome) -> None:
    path = payloads.with_name("faults") / "ses" / f"{name}.json"
    if not path.exists():
        pytest.skip(f"no {path}")
    record = json.loads(path.read_text(encoding="utf-8").replace("INVITATION_ID", ID))
    assert asked().report(record) is outcome


def test_an_event_that_overtakes_the_mark_of_the_sender_leaves_one_sent_survey() -> None:
    world = asked(State.SENDING)
    world.now += HOUR
    world.report(ses_event("delivery", ID))
    world.stored.mark_sent(invitation(attempt="a", sent_at=world.now, sent_day="another", message_id="late"))
    assert (stored(world).state, stored(world).delivery) == (State.SENT, Delivery.DELIVERED)
    assert stored(world).sent_day == "2026-11-25"


def test_the_moment_of_delivery_is_kept() -> None:
    world = asked()
    world.report(ses_event("delivery", ID))
    assert stored(world).delivered_at == datetime(2026, 11, 25, 12, 0, 4, 133000, tzinfo=UTC)


def test_a_second_delivery_is_the_reminder_s_and_changes_nothing() -> None:
    world = asked()
    world.report(ses_event("delivery", ID))
    again = ses_event("delivery", ID)
    again["delivery"]["timestamp"] = "2026-12-02T12:00:00Z"
    world.report(again)
    assert stored(world).delivered_at == datetime(2026, 11, 25, 12, 0, 4, 133000, tzinfo=UTC)


def test_the_reminder_s_delivery_is_not_taken_for_that_of_the_mail_before_it() -> None:
    world = asked()
    accepted_at = datetime.fromisoformat(ses_event("delivery", ID)["mail"]["timestamp"])
    world.change(ID, reminded_at=accepted_at)
    world.report(ses_event("delivery", ID))
    assert (stored(world).delivery, stored(world).delivered_at) == (Delivery.DELIVERED, None)


def test_the_first_mail_s_delivery_is_kept_also_where_it_is_told_after_the_reminder() -> None:
    world = asked()
    accepted_at = datetime.fromisoformat(ses_event("delivery", ID)["mail"]["timestamp"])
    world.change(ID, reminded_at=accepted_at + 7 * DAY, delivery=Delivery.DELIVERED)
    world.report(ses_event("delivery", ID))
    assert stored(world).delivered_at == datetime(2026, 11, 25, 12, 0, 4, 133000, tzinfo=UTC)


@pytest.mark.parametrize("kind", ["send", "bounce_permanent", "complaint"])
def test_no_other_event_says_when_it_was_delivered(kind: str) -> None:
    world = asked()
    world.report(ses_event(kind, ID))
    assert stored(world).delivered_at is None


@pytest.mark.parametrize(
    "details", [None, {}, [], {"timestamp": 1}, {"timestamp": "soon"}, {"timestamp": "2026-11-25T12:00"}]
)
def test_a_delivery_without_a_readable_time_is_one_all_the_same(details: object) -> None:
    world = asked()
    world.report(ses_event("delivery", ID) | {"delivery": details})
    assert (stored(world).delivery, stored(world).delivered_at) == (Delivery.DELIVERED, None)
