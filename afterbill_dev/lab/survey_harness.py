"""One mail's links in use: visits, reviews and answers by the real use cases, over memory, at a set time."""

import hmac
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import IPv6Address
from math import inf
from typing import Any

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.stream import clicked_in, read_change
from afterbill.answers.rate_limit import RateLimiter
from afterbill.answers.record_response import RespondDeps, record_response, report_seen, show_survey
from afterbill.answers.review_clicks import review_clicks
from afterbill.answers.visitors import Visitor, Visitors
from afterbill.insight.track_changes import TrackDeps, track_changes
from afterbill.model import links
from afterbill.model.invitation import Answer, Invitation, State
from afterbill.model.messages import INVITATION_TAG
from afterbill.model.visits import HIDDEN, Integrity, codes_of
from afterbill.outreach.handle_mail_event import MailEventDeps, handle_mail_event
from afterbill_cli.memory.keys import MemoryLinkKeys
from afterbill_cli.memory.scores import MemoryReviews, MemoryScores
from afterbill_cli.memory.table import MemoryTable
from afterbill_dev.lab import traffic
from afterbill_dev.lab.traffic import Mailing, Use

SENT = datetime(2026, 11, 23, 8, tzinfo=UTC)
"""The moment at which every mail is sent."""
RUN = timedelta(minutes=15)
"""The interval of review_clicks, as it is deployed."""
ID = "1ab0" * 8
_KEYS = {0: b"a key of the laboratory, 32 bytes"}
TOKEN = links.sign(links.Purpose.SURVEY, ID, SENT + timedelta(days=1000), _KEYS)
_MOST_REPORTS = 5
"""Of one page: then its script (seen.js) is silent."""
_Browser = tuple[str, str, str]
"""The client, its network and its user agent."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An invitation at the end, and every answer it had on the way, with its moment."""

    answers: tuple[tuple[float, Answer], ...]
    invitation: Invitation

    @property
    def answer(self) -> Answer | None:
        """The answer that counts in the end."""
        return self.invitation.answer


class SurveyHarness:
    """The use cases around one invitation, over memory."""

    def __init__(self, integrity: Integrity) -> None:
        self.integrity, self.now = integrity, SENT
        self.table = MemoryTable({ID: _invitation()})
        self.taps = MemoryReviews(self.table.invitations)
        self.responding = RespondDeps(
            responses=self.table,
            keys=MemoryLinkKeys(_KEYS),
            day_of=_day_of,
            hash_address=str,
            throttle=RateLimiter(),
        )
        self._marking = TrackDeps(MemoryScores(self.table.invitations), self.taps)
        self._visitor = Visitors(integrity.scanners, integrity.networks, hash_network)
        self._streamed, self._image = self.invitation, _image(self.invitation)

    @property
    def invitation(self) -> Invitation:
        """The invitation as stored."""
        return self.table.invitations[ID]

    def deliver(self) -> None:
        """Report the mail as delivered, as SES does."""
        at = self.now.isoformat()
        mail = {"messageId": "m", "timestamp": SENT.isoformat(), "tags": {INVITATION_TAG: [ID]}}
        event = {"eventType": "Delivery", "mail": mail, "delivery": {"timestamp": at}}
        handle_mail_event(event, MailEventDeps(self.table, str, _day_of), self.now)

    def use(self, use: Use) -> None:
        """Perform one request."""
        if use.method == traffic.PICK:
            return  # nobody is told but by the page's report
        if use.method == "POST":
            record_response(TOKEN, {"rating": use.link}, self.responding, self.now)
            return
        rating = {traffic.HIDDEN: HIDDEN, traffic.PAGE: ""}.get(use.link, use.link)
        query = {"rating": rating} if rating else {}
        query |= {"again": "1"} if use.method == traffic.RELOAD else {}
        show_survey(TOKEN, query, self._visitor_of(use), self.responding, self.now)
        self.stream()

    def report(self, use: Use) -> None:
        """Report a visible page as its script does."""
        report_seen(TOKEN, {"seen": "1", "rating": use.link}, self._visitor_of(use), self.responding, self.now)
        self.stream()

    def stream(self) -> None:
        """Deliver the changes since the last call, as the table's stream does."""
        if self.invitation is self._streamed:
            return
        images = {"OldImage": self._image, "NewImage": _image(self.invitation, self._streamed, self._image)}
        self._streamed = self.invitation
        self._image = images["NewImage"]
        tracked = track_changes({"1": {"dynamodb": images}}, read_change, clicked_in, self._marking, self.now)
        if tracked.failed or tracked.unreadable:
            raise AssertionError("the stream's record was refused")

    def review(self) -> None:
        """Review the clicks, as one run of review_clicks does."""
        review_clicks(self.taps, self.integrity, self.now, _day_of)

    def _visitor_of(self, use: Use) -> Visitor:
        return self._visitor(use.method, headers_of(use), address_of(use.network))


def observe(mail: Mailing, integrity: Integrity) -> Seen:
    """Use the mail's links, and review the clicks with every run of review_clicks until none waits."""
    harness, answers = SurveyHarness(integrity), list[tuple[float, Answer]]()
    for at, act in _with_runs(_timeline(mail, harness), harness):
        harness.now = SENT + timedelta(seconds=at)
        before = harness.invitation.answer
        act()
        after = harness.invitation.answer
        if after and after != before:
            answers.append((at, after))
    return Seen(tuple(answers), harness.invitation)


def _timeline(mail: Mailing, harness: SurveyHarness) -> list[tuple[float, Any]]:
    """Return the actions by time; those of one moment in the order they are reported in."""
    acts: list[tuple[float, int, Any]] = [] if mail.delivered is None else [(mail.delivered, 0, harness.deliver)]
    acts += [(use.at, 1, lambda use=use: harness.use(use)) for use in mail.uses]
    for use in _reports(mail.uses, harness.integrity.visible):
        at = use.at + use.background + harness.integrity.visible
        acts.append((at, 2, lambda use=use: harness.report(use)))
    return [(at, act) for at, _, act in sorted(acts, key=lambda act: act[:2])]


def _reports(uses: Iterable[Use], visible: float) -> Iterator[Use]:
    """Yield the uses that a page's script reports: a few of each page, and of a page loaded again what was not told.

    What a client chooses is chosen on the page that it loaded last.
    """
    left, untold = defaultdict[_Browser, int](lambda: _MOST_REPORTS), set[tuple[_Browser, int | None]]()
    for use in uses:
        browser = use.client, use.network, use.agent
        if use.method in {"GET", traffic.RELOAD}:
            left[browser] = _MOST_REPORTS
        if use.method in {"GET", traffic.PICK}:
            untold.add((browser, use.number))
        if reported(use, visible) and left[browser] and (browser, use.number) in untold:
            left[browser] -= 1
            untold.remove((browser, use.number))
            yield use


def _with_runs(timeline: Iterable[tuple[float, Any]], harness: SurveyHarness) -> Iterator[tuple[float, Any]]:
    """Yield the actions, and among them the runs of review_clicks in which a review waits."""
    for at, act in timeline:
        yield from _runs(harness, at)
        yield at, act
    yield from _runs(harness, inf)


def _runs(harness: SurveyHarness, until: float) -> Iterator[tuple[float, Any]]:
    """Yield the runs before `until`, as long as a mark waits that the next of them can review."""
    step = RUN.total_seconds()
    while marks := harness.taps.waiting:
        ripe_at = min(marked_at for marked_at, _ in marks) + harness.integrity.settling
        at = max((ripe_at - SENT).total_seconds(), (harness.now - SENT).total_seconds()) // step * step + step
        if at >= until:
            return
        yield at, harness.review


def reported(use: Use, visible: float) -> bool:
    """True when the page's script reports this use: a number whose page ran it and was visible long enough."""
    shown = use.method in {"GET", traffic.PICK, traffic.RELOAD} and use.number is not None and not use.ahead
    return shown and use.script and use.visible >= visible


def headers_of(use: Use) -> Mapping[str, str]:
    """Return the client's headers."""
    return {"user-agent": use.agent} | ({"sec-purpose": "prefetch"} if use.ahead else {})


@cache
def address_of(network: str) -> str:
    """An address in a network of this name; a name that is an address is itself."""
    if network.count(".") == 3 or ":" in network:  # noqa: PLR2004  # IPv4
        return network
    digest = hmac.digest(b"network", network.encode(), "sha256")
    return str(IPv6Address(b"\xfd" + digest[:15]))


@cache
def hash_network(network: str) -> str:
    """Hash a network as the keys in the secret do."""
    return hmac.digest(b"laboratory", network.encode(), "sha256").hex()[:8]


def _day_of(at: datetime) -> str:
    return at.date().isoformat()


def _invitation() -> Invitation:
    return Invitation(
        id=ID,
        fact="lab|1",
        customer_id="c",
        touchpoint="payment_succeeded",
        stage="purchase",
        source="lab",
        channel="mail",
        locale="en",
        created_at=SENT - timedelta(days=3),
        occurred_at=SENT - timedelta(days=3),
        due_at=SENT,
        expiry=timedelta(days=30),
        state=State.SENT,
        sent_at=SENT,
        sent_day=_day_of(SENT),
    )


def _image(
    invitation: Invitation, before: Invitation | None = None, image_before: Mapping[str, Any] | None = None
) -> Mapping[str, Any]:
    """Return the parts of the stored item that the stream's reader uses; quickly where one visit more is there."""
    image: dict[str, Any] = {**keys.invitation(ID), "sent_day": {"S": invitation.sent_day}}
    new, known = invitation.visits, dict[str, Any]()
    if before and image_before and invitation.visits[: len(before.visits)] == before.visits:
        new, known = invitation.visits[len(before.visits) :], dict(image_before["visits"]["M"])
    for program, codes in codes_of(new).items():
        known[program] = {"L": [*known.get(program, {"L": []})["L"], *({"N": str(code)} for code in codes)]}
    image["visits"] = {"M": known}
    if invitation.answer:
        image |= {"rating": {"N": str(invitation.answer.rating)}, "answered_day": {"S": invitation.answered_day}}
        image |= {} if invitation.answer.confirmed else {"unconfirmed": {"BOOL": True}}
    return image
