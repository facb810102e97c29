"""run_campaigns: a schedule in, the customers whose turn it is in the inbox, and from there asked like any other."""

import json

import pytest

from afterbill.adapters.aws.inbox import webhook_of
from afterbill.model.errors import TransientError
from tests.integration.campaigning import living, today, with_a_campaign
from tests.integration.samples import sample
from tests.integration.stack import Context


@pytest.fixture
def configuration(asking_at_once):
    return with_a_campaign(asking_at_once)


@pytest.fixture
def run(stack):
    function = stack.load("run_campaigns")
    return lambda context=None: function(sample("schedule/run_campaigns"), context)


def bodies(stack):
    return [json.loads(webhook_of(record).body) for record in stack.records("Inbox")]


def test_those_whose_turn_it_is_lie_in_the_inbox(stack, run):
    ids = living(stack, 0, 12)
    living(stack, 2)

    run()

    first, second = bodies(stack)
    assert {key: first[key] for key in ("campaign", "touchpoint", "period")} == {
        "campaign": "version-2",
        "touchpoint": "release",
        "period": today(),
    }
    assert (len(first["customers"]), len(second["customers"])) == (10, 2)
    assert {*first["customers"], *second["customers"]} == set(ids)


def test_a_run_costs_a_look_and_for_each_group_a_query_its_messages_and_its_mark(stack, run):
    living(stack, 1)

    run()

    begun, group = ["GetItem", "PutItem"], ["Query", "PutItem"]
    assert stack.calls_of("run_campaigns") == [*begun, *group, "Query", "SendMessage", "PutItem"]


def test_later_runs_of_the_day_only_look(stack, run):
    living(stack, 0)
    run()
    stack.records("Inbox")
    stack.calls.clear()

    run()

    assert stack.calls_of("run_campaigns") == ["GetItem"]
    assert bodies(stack) == []


def test_a_run_that_fails_is_repeated_from_the_group_it_had_come_to(stack, run):
    (customer_id,) = living(stack, 1)
    stack.failures["SendMessage"] = "ThrottlingException"
    with pytest.raises(TransientError, match="putting a webhook into a queue"):
        run()
    stack.failures.clear()
    stack.calls.clear()

    run()

    assert stack.calls_of("run_campaigns") == ["GetItem", "Query", "SendMessage", "PutItem"]
    assert [body["customers"] for body in bodies(stack)] == [[customer_id]]


def test_what_there_is_no_time_for_is_left_to_the_next_run(stack, run):
    living(stack, 0)
    late = Context()
    late.remaining = 15_000

    run(late)
    assert bodies(stack) == []

    run()
    assert len(bodies(stack)) == 1


def test_who_has_a_turn_is_asked_once(stack, run, loop):
    (id_,) = living(stack, 0)
    run()
    records = stack.records("Inbox")

    assert loop.capture({"Records": records}) == {"batchItemFailures": []}
    assert loop.capture({"Records": records}) == {"batchItemFailures": []}

    (invitation,) = loop.invitations()
    assert (invitation.source, invitation.touchpoint, invitation.customer_id, invitation.state) == (
        "campaigns",
        "release",
        id_,
        "pending",
    )
    assert invitation.fact == f"campaigns|version-2|{id_}|release|{today()}"


def test_nobody_can_post_a_turn(stack):
    posted = sample("api/webhook_standard") | {
        "rawPath": "/webhooks/campaigns",
        "pathParameters": {"source": "campaigns"},
    }

    assert stack.load("receive_webhook")(posted)["statusCode"] == 404
    assert bodies(stack) == []


class TestWithoutCampaigns:
    @pytest.fixture
    def configuration(self, asking_at_once):
        return asking_at_once

    def test_nothing_is_called(self, stack, run):
        run()

        assert stack.calls_of("run_campaigns") == []
