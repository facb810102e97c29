"""Mail to a team: through the stack's own sender, once at most."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from afterbill.model.messages import Accepted, Deferred, Mail, QuotaUsedUp, Rejected, Unknown
from afterbill_actions.adapters.mail import MailExchange
from afterbill_actions.connectors.mail.actions import CONNECTOR, MailSettings
from afterbill_actions.connectors.registry import NAMES, load
from afterbill_actions.exchange import NO_REPLY, NOT_SENT, Reply, Request
from afterbill_actions.outcome import Done, Later, NeedsPerson, Refused, Unclear
from tests.unit.actions.messages.conftest import answered, job, written

TEAM = CONNECTOR.actions["team"]
TO = "team@example.com"
TAKEN = Reply(202)


@dataclass
class Post:
    """Hands mails over as the receipt says."""

    receipt: Any = field(default_factory=lambda: Accepted("m1"))
    sent: list[Mail] = field(default_factory=list)

    def send(self, mail: Mail) -> Any:
        self.sent.append(mail)
        return self.receipt


def unused(_request: Request) -> Reply:
    return Reply(NOT_SENT)


class TestContent:
    def test_subject_text_and_html_say_the_same_and_lead_to_the_answer(self, connect):
        mail, system = connect("mail", TAKEN, secret={}, to=TO)
        TEAM.write(job(settings={"text": "Please call today."}), mail)
        [said] = system.said

        assert said["subject"] == "3 of 10, detractor: Order paid"
        for part in (said["text"], said["html"]):
            assert "Please call today." in part
            assert "https://console.example.com/app/responses/one" in part

    def test_words_are_shown_as_words(self, connect):
        mail, system = connect("mail", TAKEN, secret={}, to=TO)
        one = answered(3, comment='<script>alert("x")</script>')
        TEAM.write(job(invitation=one, settings={"comment": True}), mail)

        assert "<script>" not in system.said[0]["html"]
        assert "&lt;script&gt;" in system.said[0]["html"]

    def test_an_undo_and_a_digest(self, connect):
        mail, system = connect("mail", TAKEN, secret={}, to=TO)
        TEAM.undo(job(9, written=written("team")), mail)
        TEAM.tell(job(invitation=None, settings={}, text={"title": "Wert 31", "language": "de"}), mail)

        assert [one["subject"] for one in system.said] == ["Taken back: 3 of 10, detractor: Order paid", "Wert 31"]
        assert 'lang="de"' in system.said[1]["html"]


class TestOnce:
    def test_what_may_have_been_sent_is_not_sent_again(self, connect):
        mail, system = connect("mail", TAKEN, secret={}, to=TO)

        assert isinstance(TEAM.write(job(lost=True), mail), Unclear)
        assert system.asked == []

    @pytest.mark.parametrize(
        ("reply", "kind"),
        [(TAKEN, Done), (Reply(429), Later), (Reply(422), Refused), (Reply(NO_REPLY), Unclear)],
    )
    def test_receipts(self, connect, reply, kind):
        mail, _ = connect("mail", reply, secret={}, to=TO)

        assert isinstance(TEAM.write(job(), mail), kind)

    def test_an_answer_that_is_gone_is_not_told(self, connect):
        mail, _ = connect("mail", TAKEN, secret={}, to=TO)

        assert isinstance(TEAM.write(job(invitation=None), mail), Refused)


class TestExchange:
    def test_a_mail_carries_the_label_of_operators_mails(self, connect):
        post = Post()
        mail, system = connect("mail", TAKEN, secret={}, to=TO)
        TEAM.write(job(), mail)
        reply = MailExchange(post, "Shop <survey+console@example.com>", unused)(system.asked[0])
        [sent] = post.sent

        assert reply.status == 202
        assert (sent.to, sent.sender, sent.tags) == (TO, "Shop <survey+console@example.com>", {"console": "team"})

    @pytest.mark.parametrize(
        ("receipt", "status", "wait"),
        [
            (Deferred("rate", timedelta(minutes=1), paused=False), 429, "60"),
            (QuotaUsedUp("day"), 429, "3600"),
            (Rejected("no"), 422, None),
            (Unknown("?"), NO_REPLY, None),
        ],
    )
    def test_the_receipt_is_the_reply(self, receipt, status, wait):
        body = json.dumps({"subject": "s", "text": "t", "html": "h"}).encode()
        reply = MailExchange(Post(receipt), "s@example.com", unused)(Request("POST", f"mailto:{TO}", body=body))

        assert (reply.status, reply.headers.get("retry-after")) == (status, wait)

    def test_anything_else_goes_on_to_http(self):
        reply = MailExchange(Post(), "s@example.com", unused)(Request("GET", "https://example.com"))

        assert reply.status == NOT_SENT


def test_a_mail_without_words_stays_after_an_erasure_and_one_with_words_is_listed(connect):
    mail, _ = connect("mail", TAKEN, secret={}, to=TO)

    assert TEAM.erase(job(written=written("team")), mail) == Done()
    assert isinstance(TEAM.erase(job(written=written("team"), settings={"comment": True}), mail), NeedsPerson)


@pytest.mark.parametrize("to", ["", "team", "a@b", "a@example.com, b@example.com", "a b@example.com", "a@example.com>"])
def test_the_address_of_a_team_is_one_address(to):
    with pytest.raises(ValueError, match="to"):
        MailSettings(to=to)


def test_the_address_is_the_settings(connect):
    mail, _ = connect("mail", TAKEN, secret={}, to=TO)

    assert CONNECTOR.url({"to": TO}, {}) == f"mailto:{TO}"
    assert CONNECTOR.probe(mail) == Done()


@pytest.mark.parametrize("name", [name for name in NAMES if name in {"mail", "slack", "teams", "webhooks"}])
def test_a_connector_is_found_by_its_name(name):
    assert load(name).name == name
