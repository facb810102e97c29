from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from afterbill.intake.connector import Connector
from afterbill.intake.receive_webhook import Answer, Inboxes, Received, receive_webhook
from afterbill.model.errors import TransientError
from afterbill.model.webhooks import MAX_BODY_BYTES, Refusal, Reply, Source, Webhook
from afterbill_cli.memory.queues import MemoryInbox
from tests.factories import NOON, provider


@dataclass
class Signer:
    """Signs with the secret itself; or refuses everything for one reason."""

    refusal: Refusal | None = None
    asked_at: list[datetime] = field(default_factory=list)
    parts: dict[str, Any] = field(default_factory=dict)

    def verify(self, webhook: Webhook, secrets: Sequence[str], now: datetime) -> Refusal | None:
        self.asked_at.append(now)
        if self.refusal:
            return self.refusal
        return None if webhook.headers["signature"] in secrets else Refusal.MISMATCH

    def load(self, _name: str) -> Connector:
        return provider(HEADERS=frozenset({"signature"}), verify=self.verify, **self.parts)


@dataclass
class Secrets:
    """`known` until `refresh` brings `stored`; after that nothing is fetched for a minute."""

    known: list[str]
    stored: list[str] | None = None
    refreshed: int = 0

    def of(self, source: str) -> Sequence[str]:
        return self.known if source == "shop" else []

    def refresh(self) -> bool:
        self.refreshed += 1
        if self.stored is None:
            return False
        self.known, self.stored = self.stored, None
        return True


@dataclass
class Reception:
    provider: Signer = field(default_factory=Signer)
    secrets: Secrets = field(default_factory=lambda: Secrets(["secret"]))
    inbox: MemoryInbox = field(default_factory=MemoryInbox)
    unsigned: MemoryInbox = field(default_factory=MemoryInbox)
    admitted: list[str] = field(default_factory=list)
    most: int = 100

    def admits(self, source: str) -> bool:
        self.admitted.append(source)
        return len(self.admitted) <= self.most

    def receive(
        self, body: bytes = b"{}", source: str = "shop", signature: str = "secret", method: str = "POST"
    ) -> Received:
        return receive_webhook(
            Webhook(source, {"signature": signature, "cookie": "private"}, body, NOON, method, query={"key": "1"}),
            sources={
                "shop": Source("shop", "test", url="https://example.com/webhooks/shop"),
                "empty": Source("empty", "test"),
            },
            load=self.provider.load,
            secrets=self.secrets,
            inboxes=Inboxes(self.inbox, self.unsigned, self.admits),
        )


ACCEPTED = Received(Answer.ACCEPTED, reply=Reply(202))


def refused(refusal: Refusal) -> Received:
    return Received(Answer.REFUSED, refusal, Reply(401))


@pytest.fixture
def reception() -> Reception:
    return Reception()


def test_signed_bytes_are_in_the_inbox_before_they_are_accepted(reception: Reception) -> None:
    assert reception.receive(b"\xff any bytes") == ACCEPTED
    assert [webhook.body for webhook in reception.inbox.webhooks] == [b"\xff any bytes"]


def test_only_the_headers_that_a_provider_needs_are_kept(reception: Reception) -> None:
    reception.receive()
    assert reception.inbox.webhooks[0].headers == {"signature": "secret"}


def test_a_signature_is_judged_by_the_moment_it_arrived(reception: Reception) -> None:
    reception.receive()
    assert reception.provider.asked_at == [NOON]


def test_a_source_nobody_configured_is_unknown(reception: Reception) -> None:
    assert reception.receive(source="other") == Received(Answer.UNKNOWN_SOURCE)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_a_method_by_which_nothing_comes_is_refused_before_anything_is_read(reception: Reception, method: str) -> None:
    assert reception.receive(method=method) == Received(
        Answer.WRONG_METHOD, reply=Reply(405, headers={"Allow": "POST"})
    )
    assert (reception.provider.asked_at, reception.inbox.webhooks) == ([], [])


def test_a_handshake_may_come_by_a_method_of_its_own(reception: Reception) -> None:
    reception.provider.parts = {"METHODS": ("POST", "GET"), "handshake": lambda webhook, _: Reply(200, webhook.method)}
    assert reception.receive(method="GET") == Received(Answer.HANDSHAKE, reply=Reply(200, "GET"))
    assert reception.receive(method="PUT").reply == Reply(405, headers={"Allow": "POST, GET"})


def test_the_largest_body_is_accepted_and_one_byte_more_is_not(reception: Reception) -> None:
    assert reception.receive(b"x" * MAX_BODY_BYTES).answer is Answer.ACCEPTED
    assert reception.receive(b"x" * (MAX_BODY_BYTES + 1)) == Received(Answer.TOO_LARGE)


def test_what_is_too_large_is_not_even_verified(reception: Reception) -> None:
    reception.receive(b"x" * (MAX_BODY_BYTES + 1))
    assert reception.provider.asked_at == []


@pytest.mark.parametrize("refusal", Refusal)
def test_a_refused_signature_leaves_nothing_behind_and_says_why(reception: Reception, refusal: Refusal) -> None:
    reception.provider.refusal = refusal
    assert reception.receive() == refused(refusal)
    assert reception.inbox.webhooks == []


@pytest.mark.parametrize("refusal", sorted(set(Refusal) - {Refusal.MISMATCH}))
def test_only_a_mismatch_makes_secrets_be_fetched_again(reception: Reception, refusal: Refusal) -> None:
    reception.provider.refusal = refusal
    reception.receive()
    assert reception.secrets.refreshed == 0


def test_a_secret_rotated_a_moment_ago_is_accepted(reception: Reception) -> None:
    reception.secrets = Secrets(["old"], stored=["old", "new"])
    assert reception.receive(signature="new").answer is Answer.ACCEPTED


def test_secrets_are_fetched_once_for_a_forged_request(reception: Reception) -> None:
    reception.secrets = Secrets(["old"], stored=["new"])
    assert reception.receive(signature="forged") == refused(Refusal.MISMATCH)
    assert reception.secrets.refreshed == 1


def test_secrets_fetched_less_than_a_minute_ago_are_believed(reception: Reception) -> None:
    reception.receive(signature="forged")
    assert len(reception.provider.asked_at) == 1


def test_a_source_without_secrets_accepts_nothing(reception: Reception) -> None:
    assert reception.receive(source="empty", signature="").answer is Answer.REFUSED


class FullInbox(MemoryInbox):
    def put(self, webhook: Webhook) -> None:
        raise TransientError(webhook.source)


def test_nothing_is_accepted_that_the_inbox_did_not_take(reception: Reception) -> None:
    reception.inbox = FullInbox()
    with pytest.raises(TransientError):
        reception.receive()


def test_what_the_inbox_cannot_hold_is_too_large() -> None:
    class FullInbox(MemoryInbox):
        def put(self, webhook: Webhook) -> bool:
            del webhook
            return False

    assert Reception(inbox=FullInbox()).receive() == Received(Answer.TOO_LARGE)


def test_a_handshake_is_answered_in_the_words_of_the_provider_and_leaves_nothing_behind(reception: Reception) -> None:
    reception.provider.parts["handshake"] = lambda webhook, secrets: Reply(200, f"{secrets[0]} {webhook.body.decode()}")
    assert reception.receive(b"ping") == Received(Answer.HANDSHAKE, reply=Reply(200, "secret ping"))
    assert (reception.inbox.webhooks, reception.provider.asked_at) == ([], [])


def test_a_provider_has_its_own_answers(reception: Reception) -> None:
    reception.provider.parts |= {"ACCEPTED": Reply(200, ""), "REFUSED": Reply(498)}
    answers = [reception.receive(), reception.receive(signature="forged")]
    assert [answer.reply for answer in answers] == [Reply(200, ""), Reply(498)]


def test_a_signature_may_cover_the_address_as_it_was_registered(reception: Reception) -> None:
    seen: list[str] = []
    reception.provider.parts["handshake"] = lambda webhook, _secrets: seen.append(webhook.url)
    reception.receive()
    assert seen == ["https://example.com/webhooks/shop"]


def test_what_a_request_carried_beside_its_signed_bytes_is_not_kept(reception: Reception) -> None:
    reception.receive()
    assert (reception.inbox.webhooks[0].query, reception.inbox.webhooks[0].url) == ({}, "")


class TestWhatProvesNothing:
    @pytest.fixture
    def reception(self) -> Reception:
        reception = Reception(most=2)
        reception.provider.parts = {"is_unsigned": lambda webhook: webhook.body.startswith(b"id=")}
        return reception

    def test_it_waits_apart_from_what_is_signed(self, reception: Reception) -> None:
        assert [reception.receive(b"id=1"), reception.receive(b"{}")] == [ACCEPTED, ACCEPTED]
        assert [webhook.body for webhook in reception.unsigned.webhooks] == [b"id=1"]
        assert [webhook.body for webhook in reception.inbox.webhooks] == [b"{}"]

    def test_what_its_api_vouches_for_later_proves_nothing_yet(self, reception: Reception) -> None:
        reception.provider.parts = {"confirm": lambda *_: True}
        reception.receive(b"{}")
        assert [webhook.body for webhook in reception.unsigned.webhooks] == [b"{}"]

    def test_over_its_cap_it_is_turned_away_and_nothing_else_is(self, reception: Reception) -> None:
        answers = [reception.receive(b"id=1").answer for _ in range(4)]
        assert answers == [Answer.ACCEPTED, Answer.ACCEPTED, Answer.TOO_MANY, Answer.TOO_MANY]
        assert len(reception.unsigned.webhooks) == 2
        assert reception.receive(b"{}") == ACCEPTED

    def test_only_what_proves_nothing_is_counted(self, reception: Reception) -> None:
        reception.receive(b"{}")
        reception.receive(b"id=1", signature="forged")
        assert reception.admitted == []

    def test_its_body_is_small(self, reception: Reception) -> None:
        assert reception.receive(b"id=" + b"1" * 1997).answer is Answer.ACCEPTED
        assert reception.receive(b"id=" + b"1" * 1998) == Received(Answer.TOO_LARGE, limit_bytes=2000)
        assert reception.admitted == ["shop"]

    def test_a_connector_may_need_more_room(self, reception: Reception) -> None:
        reception.provider.parts["MOST_UNPROVEN_BYTES"] = 3000
        assert reception.receive(b"id=" + b"1" * 2997).answer is Answer.ACCEPTED
