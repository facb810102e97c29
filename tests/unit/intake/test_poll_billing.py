"""Billing systems without webhooks: fetched, made durable, and only then acknowledged."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from afterbill.intake.connector import Api, Call, Connector, Login
from afterbill.intake.poll_billing import PollDeps, Polled, poll_billing
from afterbill.model.errors import ConfigurationError, PayloadError, TransientError
from afterbill.model.webhooks import Source, Webhook
from afterbill_cli.memory.keys import MemoryApis
from afterbill_cli.memory.queues import MemoryInbox
from tests.factories import NOON, provider

API = Api("https://api.example.com", Login.KEY)


@dataclass
class News:
    """A poller over a list; `fault` is raised in the place of one id."""

    news: dict[str, bytes] = field(default_factory=lambda: {"1": b"one", "2": b"two"})
    faults: dict[str, Exception] = field(default_factory=dict)
    acknowledged: list[str] = field(default_factory=list)

    def fetch(self, source: Source, call: Call) -> Iterator[tuple[str, bytes]]:
        call(f"/{source.name}/news")
        for id_, body in list(self.news.items()):
            if id_ in self.faults:
                raise self.faults[id_]
            yield id_, body

    def acknowledge(self, ids: Sequence[str], source: Source, call: Call) -> None:
        call(f"/{source.name}/settled", method="POST")
        self.acknowledged += ids
        for id_ in ids:
            del self.news[id_]


@dataclass
class SmallInbox(MemoryInbox):
    """Takes no body of more than ten bytes; `down` is silent from so many webhooks on."""

    down_after: int = 1000

    def put(self, webhook: Webhook) -> bool:
        if len(self.webhooks) >= self.down_after:
            raise TransientError("inbox")
        return len(webhook.body) <= 10 and super().put(webhook)


@dataclass
class Office:
    poller: News = field(default_factory=News)
    other: News = field(default_factory=News)
    apis: MemoryApis = field(default_factory=MemoryApis)
    inbox: SmallInbox = field(default_factory=SmallInbox)
    parts: dict[str, Any] = field(default_factory=lambda: {"API": API})

    def load(self, name: str) -> Connector:
        pollers = {"books": self.poller, "ledger": self.other}
        return provider(poller=pollers.get(name), **self.parts)

    def poll(self, *names: str) -> tuple[Polled, ...]:
        sources = {name: Source(name, provider=name) for name in names or ("books",)}
        return poll_billing(PollDeps(sources, self.load, self.apis, self.inbox), NOON)


@pytest.fixture
def office() -> Office:
    return Office()


def test_what_was_fetched_lies_in_the_inbox_and_is_settled(office: Office) -> None:
    assert office.poll() == (Polled("books", 2),)

    assert office.inbox.webhooks == [Webhook("books", {}, b"one", NOON), Webhook("books", {}, b"two", NOON)]
    assert office.poller.acknowledged == ["1", "2"]


def test_without_news_nothing_is_settled(office: Office) -> None:
    office.poller.news.clear()

    assert office.poll() == (Polled("books"),)
    assert office.apis.asked == ["/books/news"]


def test_sources_with_webhooks_are_not_polled(office: Office) -> None:
    assert office.poll("shop") == ()


def test_only_what_is_durable_is_settled(office: Office) -> None:
    office.inbox.down_after = 1

    (polled,) = office.poll()

    assert (polled.kept, type(polled.problem), office.poller.acknowledged) == (1, TransientError, ["1"])


def test_a_crash_before_settling_repeats_the_news(office: Office) -> None:
    office.poller.acknowledge = crash
    with pytest.raises(KeyboardInterrupt):
        office.poll()
    del office.poller.acknowledge

    office.poll()

    assert [webhook.body for webhook in office.inbox.webhooks] == [b"one", b"two"] * 2


def crash(*_: object) -> None:
    raise KeyboardInterrupt


def test_an_api_that_falls_silent_keeps_what_came_before(office: Office) -> None:
    office.poller.faults["2"] = TransientError("api.example.com: status 503")

    (polled,) = office.poll()

    assert (polled.kept, str(polled.problem)) == (1, "api.example.com: status 503")
    assert office.poller.acknowledged == ["1"]


def test_what_is_too_large_is_named_and_not_settled(office: Office) -> None:
    office.poller.news = {"1": b"one", "large": b"more than ten bytes"}

    (polled,) = office.poll()

    assert office.poller.acknowledged == ["1"]
    assert isinstance(polled.problem, PayloadError)
    assert "books: large is too large" in str(polled.problem)


def test_a_long_backlog_is_taken_in_turns(office: Office) -> None:
    office.poller.news = {str(number): b"" for number in range(150)}

    assert [office.poll()[0].kept for _ in range(3)] == [100, 50, 0]


@pytest.mark.parametrize("without", ["credentials", "an API"])
def test_a_source_that_cannot_be_asked_is_named_with_what_to_do(office: Office, without: str) -> None:
    office.apis.closed = without == "credentials"
    office.parts = {} if without == "an API" else office.parts

    (polled,) = office.poll()

    assert isinstance(polled.problem, ConfigurationError)
    assert "source books needs credentials for its API: `afterbill source add`" in str(polled.problem)


def test_one_source_in_trouble_does_not_stop_the_others(office: Office) -> None:
    office.poller.faults["1"] = TransientError("down")

    troubled, healthy = office.poll("books", "ledger")

    assert (type(troubled.problem), healthy) == (TransientError, Polled("ledger", 2))
