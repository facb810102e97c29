"""Whether a mail that leaves is wrong, and what is wrong with it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from .events import HOUR
from .journal import MACHINES, VIEWS, Account, Fact, Known, spelled
from .rules import closed, in_sample

if TYPE_CHECKING:
    from .oracle import Oracle

SETTLING = HOUR
"""A fact that arrives late waits this long: documented."""


class Mails:
    """Judges over one oracle's journal; a mail is wrong if who knows for sure and who may know both object to it."""

    def __init__(self, oracle: "Oracle") -> None:
        self.oracle = oracle

    def wrong(self, fact: Fact, account: Account, to: str, now: int) -> list[str]:
        """What is wrong with a survey."""
        return [*self._forbidden(fact, account, to, now), *self._first(fact, account, to, now)]

    def wrong_reminder(self, fact: Fact, account: Account, to: str, now: int) -> list[str]:
        """What is wrong with a reminder."""
        return [f"reminder_{one}" for one in (*self._forbidden(fact, account, to, now), *self._second(fact, now))]

    def _forbidden(self, fact: Fact, account: Account, to: str, now: int) -> list[str]:
        """What neither a survey nor its reminder may do."""
        rule, event = self.oracle.rules.touchpoints[fact.event.kind], fact.event
        wrong = [_by_both(lambda how: closed(rule.window, *self.oracle.place(account.known(how)), now))]
        wrong.append(_by_both(lambda how: self._unwanted(account.known(how), how, to, now)))
        wrong.append(_by_both(lambda how: self.oracle.stopped(fact, how)))
        wrong.append(_by_both(lambda how: self.oracle.no_farewell(fact, how)))
        wrong.append("address" if all(account.known(how).address != spelled(to) for how in VIEWS) else "")
        name = spelled(to).partition("@")[0]
        wrong.append("role_address" if name in MACHINES or name.partition("+")[0] in MACHINES else "")
        wrong.append("bad_address" if spelled(to).count("@") != 1 or " " in spelled(to) else "")
        wrong.append("test_mode" if event.test and event.source not in self.oracle.test_sources else "")
        wrong.append("halted" if self.oracle.halted else "")
        return list(filter(None, wrong))

    def _unwanted(self, known: Known, how: str, to: str, now: int) -> str:
        refused = self.oracle.mailboxes[spelled(to)].refused[how]
        if known.objected:
            return "objected"
        if refused:
            return max(refused)
        if known.deleted:
            return "deleted"
        return "" if known.may_be_asked(self.oracle.rules.need(known.value("country")), now) else "basis"

    def _first(self, fact: Fact, account: Account, to: str, now: int) -> list[str]:
        rule, event = self.oracle.rules.touchpoints[fact.event.kind], fact.event
        created = now if fact.created is None else fact.created
        asked = (*account.asked[-2:], *self.oracle.mailboxes[spelled(to)].asked[-2:])
        checks = {
            "twice": bool(fact.mails),
            "after_closing": bool(fact.closed),
            "not_asked": not rule.ask,
            "not_paid": rule.paid_only and event.amount is not None and event.amount <= 0,
            "early": now < min(event.at, created) + rule.delay,
            "settling": now < created + min(rule.delay, SETTLING),
            "late": now > fact.due + rule.patience,
            "cooldown": any(now - at < rule.cooldown for at in asked),
            "sample": not in_sample(event.kind, fact.customer_id, rule.sampling),
            "priority": self._jumped_the_queue(fact, account, now),
        }
        return [name for name, found in checks.items() if found]

    def _jumped_the_queue(self, fact: Fact, account: Account, now: int) -> bool:
        """Whether another fact of this customer says more, was known to be theirs, open, and free to go in its turn."""
        if account.crowded:
            return False
        rule = self.oracle.rules.touchpoints[fact.event.kind]
        return any(self._better(other, rule.priority, now) for other in account.facts if other is not fact)

    def _better(self, other: Fact, priority: int, now: int) -> bool:
        rule = self.oracle.rules.touchpoints[other.event.kind]
        return (
            other.open
            and other.sure
            and not other.mails
            and not other.demoted
            and rule.priority > priority
            and other.due + rule.patience >= now
            and not self.oracle.stopped(other, "maybe")
            and not self.oracle.no_farewell(other, "maybe")
        )

    def _second(self, fact: Fact, now: int) -> list[str]:
        rule = self.oracle.rules.touchpoints[fact.event.kind]
        sent = fact.mails[0] if fact.mails else now
        checks = {
            "without_survey": not fact.mails,
            "twice": bool(fact.reminders),
            "not_wanted": not rule.reminder,
            "early": now < sent + rule.reminder,
            "late": now >= sent + rule.expiry,
            "answered": fact.answered is not None,
            "bounced": fact.bounced is not None,
        }
        return [name for name, found in checks.items() if found]


def _by_both(judge: Callable[[str], str]) -> str:
    """The objection of who knows for sure, if who may know has one as well."""
    wrong = judge("sure")
    return wrong if wrong and judge("maybe") else ""


def mistaken(account: Account, says: tuple[str | None, str | None]) -> list[str]:
    """Which of name and plan in a mail nobody told of this customer, or no longer."""
    facts = zip(("name", "attributes.plan"), says, strict=True)
    return [name for name, said in facts if all(account.known(how).value(name) != said for how in VIEWS)]
