"""One run: low scores at once, what reports say once an hour, digests on their day, and the lists of the feed."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from functools import cached_property
from typing import TYPE_CHECKING

from afterbill.answers.read_responses import ReadDeps
from afterbill.insight.periods import Window, window_of
from afterbill.insight.reports.asked import ReportRules
from afterbill.insight.reports.reading import read_report
from afterbill.insight.reports.requested import ReportRequest, checked
from afterbill.model.errors import AfterbillError
from afterbill.model.messages import Mail
from afterbill.model.privacy import Act
from afterbill_actions.silences import SilenceDeps, tell_silences
from afterbill_console.digest import alerts, channels, low_scores
from afterbill_console.digest.alerts import Notice
from afterbill_console.digest.comments import Comment, words_of
from afterbill_console.digest.compose import Composer
from afterbill_console.digest.content import Digest, Document, Gathered, digest_for, figures_of
from afterbill_console.digest.hand_over import Letter, Outcome, Post, hand_over
from afterbill_console.digest.periods import Period, day_due, periods_of
from afterbill_console.digest.ports import Notices, OpenTasks, Recipient, Recipients
from afterbill_console.digest.state import NoticeState
from afterbill_console.people.earlier import keep_lists
from afterbill_console.preferences import Alert, Cadence, Choices
from afterbill_console.roles import Right

if TYPE_CHECKING:
    from afterbill.insight.ports import ReportRequests, StoredReports
    from afterbill.privacy.ports import AuditTrail
    from afterbill_console.people.ports import EarlierAnswers
    from afterbill_console.ports import Preferences

HEALTH = "console/health.json"
"""The place of the finding about the stack itself: that of `health.document`, whose checks load every connector."""
LOOK = timedelta(hours=1)
"""The time between two looks at reports: they are computed anew no more often."""
_CLAIMED = timedelta(days=40)
"""The life of the claim of a digest: longer than its day."""
_TOLD = timedelta(days=2)
_TURN = 300
"""Seconds between two runs, as they are by default: with others a round of the lists takes longer."""
_FAILED = "failed"


@dataclass(frozen=True)
class NoticeDeps:
    """The stores, the mail system, and the operator's rules; `channels` are connections that are told too."""

    recipients: Recipients
    preferences: "Preferences"
    notices: Notices
    tasks: OpenTasks
    post: Post
    answers: ReadDeps
    earlier: "EarlierAnswers"
    reports: "StoredReports"
    requests: "ReportRequests"
    audit: "AuditTrail"
    composer: Composer
    rules: ReportRules
    zone: tzinfo
    language: str
    channels: Sequence[str] = ()
    silences: SilenceDeps | None = None


@dataclass
class Run:
    """The result of a run: how many mails ended how, whether digests wait for something, and what went wrong."""

    mails: Counter[Outcome] = field(default_factory=Counter)
    waiting: bool = False
    errors: list[AfterbillError] = field(default_factory=list)


def notify(deps: NoticeDeps, now: datetime) -> Run:
    """Send what is due. A step that fails leaves the others alone, and goes on in the next run."""
    return _Notifying(deps, now).all()


@dataclass(frozen=True, slots=True)
class _Reader:
    """An operator, and what they chose; or a channel."""

    who: Recipient
    choices: Choices
    language: str
    alerts: frozenset[Alert]


@dataclass
class _Notifying:
    deps: NoticeDeps
    now: datetime
    run: Run = field(default_factory=Run)

    def all(self) -> Run:
        before = state = self.deps.notices.load()
        for step in (self._low_scores, self._reports, self._digests, self._lists):
            try:
                state = step(state)
            except AfterbillError as error:
                self.run.errors.append(error)
        if state != before:
            self.deps.notices.store(replace(state, version=before.version + 1), before)
        return self.run

    @cached_property
    def _readers(self) -> Sequence[_Reader]:
        """The operators as they are in this run; nobody is asked about where nothing is to be told."""
        return list(self._read())

    def _read(self) -> Iterator[_Reader]:
        for who in self.deps.recipients.recipients():
            choices = self.deps.preferences.load(who.operator)
            yield _Reader(who, choices, choices.language or self.deps.language, choices.wanted(who.roles))
        for name in self.deps.channels:
            yield _Reader(channels.channel(name), Choices(), self.deps.language, channels.ALERTS)

    def _send(
        self, reader: _Reader, names: Sequence[str], compose: Callable[[Sequence[str]], Mail], lasts: timedelta
    ) -> bool:
        """Send one mail; False where it has to be tried again."""
        letter = Letter(reader.who.operator, names, compose, self.now + lasts)
        outcome = hand_over(letter, self.deps.post, self.now)
        self.run.mails[outcome] += 1
        return outcome is not Outcome.REFUSED

    def _note(self, reader: _Reader, comments: Iterable[Comment]) -> None:
        """Note who is named, before a mail that leads to people is sent."""
        named = [one.customer_id for one in comments if one.customer_id]
        if named and reader.who.may(Right.PEOPLE):
            self.deps.audit.note(Act(self.now, f"console:{reader.who.operator}", "console mail").about(named))

    # Low scores

    def _low_scores(self, state: NoticeState) -> NoticeState:
        found = low_scores.find(state, self.deps.answers, self.now, self.deps.zone)
        by_claim = {f"ALERT#{Alert.LOW_SCORE}#{one.id}": one for one in found.comments}
        if not by_claim:
            return found.state
        wanted = [one for one in self._readers if Alert.LOW_SCORE in one.alerts]
        sent = [self._tell_low(reader, by_claim) for reader in wanted]
        # Where one was refused all are looked at again: those who have it hold its claim.
        return found.state if all(sent) else state

    def _tell_low(self, reader: _Reader, by_claim: dict[str, Comment]) -> bool:
        def compose(held: Sequence[str]) -> Mail:
            comments = [by_claim[name] for name in held]
            self._note(reader, comments)
            return self.deps.composer.low_scores(reader.who, comments, reader.language)

        return self._send(reader, list(by_claim), compose, _TOLD)

    # Reports

    def _reports(self, state: NoticeState) -> NoticeState:
        if state.looked_at and self.now - state.looked_at < LOOK:
            return state
        heard = alerts.heard(state.heard, self.deps.reports.load(HEALTH), self.now)
        silent = list(alerts.silent_sources(heard, self.now))
        told = self._silences({str(one.facts["source"]): heard[one.facts["source"]].last_at for one in silent}, state)
        by_claim = {notice.claim: notice for notice in (*self._found(), *silent)}
        sent = [self._tell(reader, by_claim) for reader in self._readers] if by_claim else []
        return replace(state, heard=heard, silent=told, looked_at=self.now if all(sent) else state.looked_at)

    def _silences(self, silent: Mapping[str, datetime], state: NoticeState) -> Mapping[str, datetime]:
        """Tell of silences as events too; those of somebody's own rules need no operator who wants mail."""
        return tell_silences(silent, state.silent, self.deps.silences, self.now) if self.deps.silences else state.silent

    def _tell(self, reader: _Reader, by_claim: dict[str, Notice]) -> bool:
        names = [name for name, notice in by_claim.items() if notice.alert in reader.alerts]

        def compose(held: Sequence[str]) -> Mail:
            return self.deps.composer.alert(reader.who, [by_claim[name] for name in held], reader.language)

        return not names or self._send(reader, names, compose, alerts.QUIET)

    def _found(self) -> Iterator[Notice]:
        today = self.now.astimezone(self.deps.zone).date()
        month, week = window_of("30d", today), window_of("7d", today)
        trend = self._stored("trend", month)
        yield from alerts.drops(trend, self._stored("journey", month))
        yield from alerts.unanswered(self._stored("trend", week))
        yield from alerts.fewer_answers(trend)

    # Digests

    def _digests(self, state: NoticeState) -> NoticeState:
        day = day_due(self.now, self.deps.zone)
        if day is None or state.digests == day:
            return state
        due, gathered = periods_of(day), dict[Cadence, Gathered | None]()
        for reader in self._readers:
            period = due.get(reader.choices.digest)
            if period is None:
                continue
            if period.cadence not in gathered:
                gathered[period.cadence] = self._gather(period)
            self.run.waiting |= not self._digest(reader, gathered[period.cadence])
        return state if self.run.waiting else replace(state, digests=day)

    def _digest(self, reader: _Reader, gathered: Gathered | None) -> bool:
        if gathered is None:
            return False
        if gathered.nothing_came:
            return True
        digest = digest_for(reader.who, gathered, lambda: self._open_tasks)
        return digest.empty or self._send_digest(reader, digest)

    def _send_digest(self, reader: _Reader, digest: Digest) -> bool:
        def compose(_: Sequence[str]) -> Mail:
            self._note(reader, digest.comments)
            return self.deps.composer.digest(reader.who, digest, reader.language)

        return self._send(reader, [digest.period.name], compose, _CLAIMED)

    @cached_property
    def _open_tasks(self) -> int:
        return self.deps.tasks.open_tasks(self.now)

    def _gather(self, period: Period) -> Gathered | None:
        figures = figures_of(period, self._computed)
        if figures is None:
            return None
        words, before = (words_of(days, self.deps.answers) for days in (period.window, period.before))
        return Gathered(period, figures, words, before)

    # Lists

    def _lists(self, state: NoticeState) -> NoticeState:
        """Keep the lists of the feed: they are no notices, but this run reads the newest answers anyway."""
        keep_lists(self.deps.earlier, self.now.astimezone(self.deps.zone).date(), int(self.now.timestamp() // _TURN))
        return state

    def _stored(self, name: str, window: Window) -> Document | None:
        """Return a report; None where it is not there, or could not be computed."""
        document = self._read_report(name, window)
        return None if document is None or document.get("why") == _FAILED else document

    def _computed(self, name: str, window: Window) -> Document | None:
        """Return a report; where it is not there it is asked for, and there in one of the next runs."""
        if self._read_report(name, window) is None:
            self.deps.requests.ask(self._request(name, window), self.now)
        return self._stored(name, window)

    def _read_report(self, name: str, window: Window) -> Document | None:
        return read_report(self._request(name, window), self.deps.reports, self.now)

    def _request(self, name: str, window: Window) -> ReportRequest:
        return checked(ReportRequest(name, window), self.deps.rules)
