"""Signed webhooks out: verified by the libraries that receivers use."""

import base64
import json
from datetime import UTC, datetime

import pytest
import standardwebhooks
import svix

from afterbill_actions.connectors.webhooks.actions import CONNECTOR
from afterbill_actions.exchange import NO_REPLY, Reply
from afterbill_actions.outcome import Denied, Done, Later, Refused
from tests.unit.actions.messages.conftest import answered, job, written

POST = CONNECTOR.actions["post"]
NEW, OLD = (f"whsec_{base64.b64encode(bytes([n] * 32)).decode()}" for n in (1, 2))
TAKEN = Reply(204)


@pytest.fixture(autouse=True)
def at_this_moment(monkeypatch):
    """Both libraries refuse what is older than five minutes: the moment of the test is that of their clock."""
    monkeypatch.setattr("tests.unit.actions.messages.conftest.NOW", datetime.now(UTC).replace(microsecond=0))


class TestSignatures:
    @pytest.mark.parametrize("library", [standardwebhooks.Webhook, svix.Webhook])
    def test_are_verified_by_the_libraries_of_receivers(self, connect, library):
        endpoint, system = connect("webhooks", TAKEN, secret={"secret": NEW})
        POST.write(job(), endpoint)
        [request] = system.asked

        library(NEW).verify(request.body, dict(request.headers))
        with pytest.raises(Exception, match="signature"):
            library(NEW).verify(request.body.replace(b"3", b"9"), dict(request.headers))

    @pytest.mark.parametrize("key", [NEW, OLD])
    def test_both_secrets_sign_during_a_rotation(self, connect, key):
        endpoint, system = connect("webhooks", TAKEN, secret={"secret": NEW, "previous": OLD})
        POST.write(job(), endpoint)
        [request] = system.asked

        assert standardwebhooks.Webhook(key).verify(request.body, dict(request.headers))

    @pytest.mark.parametrize("secret", ["", "whsec_not base64", "plain!"])
    def test_a_secret_that_is_none_signs_nothing(self, connect, secret):
        endpoint, system = connect("webhooks", TAKEN, secret={"secret": secret})

        assert isinstance(POST.write(job(), endpoint), Denied)
        assert isinstance(CONNECTOR.probe(endpoint), Denied)
        assert system.asked == []


class TestContent:
    def test_ids_and_figures_and_no_word(self, connect):
        endpoint, system = connect("webhooks", TAKEN, secret={"secret": NEW})
        one = answered(3, comment="my words", reason="price", contact_ok=True)
        POST.write(job(invitation=one, customer_ids=("cus_1",)), endpoint)
        [said] = system.said

        assert said["type"] == "response.recorded"
        assert said["data"]["rating"] == 3
        assert said["data"]["category"] == "detractor"
        assert said["data"]["customer"] == ["cus_1"]
        assert said["data"]["commented"] is True
        assert "my words" not in json.dumps(said)

    def test_words_where_the_workflow_says_so(self, connect):
        endpoint, system = connect("webhooks", TAKEN, secret={"secret": NEW})
        POST.write(job(invitation=answered(3, comment="my words"), settings={"comment": True}), endpoint)

        assert system.said[0]["data"]["comment"] == "my words"

    def test_a_changed_one_a_withdrawn_one_and_a_removed_one(self, connect):
        endpoint, system = connect("webhooks", TAKEN, secret={"secret": NEW})
        before = written("post", webhook_id="msg_1")
        POST.write(job(9, written=before), endpoint)
        POST.undo(job(9, written=before, invitation=answered(9)), endpoint)
        POST.erase(job(written=before, invitation=None), endpoint)

        assert [one["type"] for one in system.said] == ["response.changed", "response.withdrawn", "response.removed"]
        assert system.said[2]["data"] == {"id": "one", "link": "https://console.example.com/app/responses/one"}

    def test_an_event_about_no_answer(self, connect):
        endpoint, system = connect("webhooks", TAKEN, secret={"secret": NEW})
        POST.tell(job(invitation=None, text={"id": "e1", "type": "SourceSilent", "source": "shop"}), endpoint)

        assert system.said[0]["type"] == "SourceSilent"
        assert system.said[0]["data"]["source"] == "shop"


class TestOnce:
    def test_a_repeat_has_the_id_by_which_a_receiver_knows_it(self, connect):
        endpoint, system = connect("webhooks", Reply(NO_REPLY), TAKEN, secret={"secret": NEW})
        POST.write(job(version="v1"), endpoint)
        POST.write(job(version="v1", maybe=True), endpoint)
        POST.write(job(version="v2"), endpoint)
        ids = [one.headers["webhook-id"] for one in system.asked]

        assert ids[0] == ids[1] != ids[2]

    @pytest.mark.parametrize(
        ("reply", "kind"),
        [
            (Reply(200), Done),
            (Reply(410), Denied),
            (Reply(404), Refused),
            (Reply(400), Refused),
            (Reply(401), Denied),
            (Reply(429, headers={"retry-after": "7"}), Later),
            (Reply(500), Later),
            (Reply(NO_REPLY), Later),
        ],
    )
    def test_replies(self, connect, reply, kind):
        endpoint, _ = connect("webhooks", reply, secret={"secret": NEW})

        assert isinstance(POST.write(job(), endpoint), kind)


def test_a_secret_suffices(connect):
    endpoint, _ = connect("webhooks", TAKEN, secret={"secret": NEW})

    assert CONNECTOR.probe(endpoint) == Done()
