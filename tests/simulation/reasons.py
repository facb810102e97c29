"""Whether the reason for a silence, or for a delay, is true."""

from typing import TYPE_CHECKING

from .events import DAY, HOUR
from .journal import MACHINES, VIEWS, Account, Fact, Known
from .rules import closed, in_sample, opens_between

if TYPE_CHECKING:
    from .oracle import Oracle


class Reasons:
    """Judges over one oracle's journal."""

    def __init__(self, oracle: "Oracle") -> None:
        self.oracle = oracle

    def true(self, reason: str, fact: Fact, account: Account, now: int) -> bool:
        """Whether it is one that ends a fact: known for sure, or perhaps known."""
        judge = getattr(self, f"_{reason}", None)
        return judge is not None and any(judge(fact, account, known, now) for known in (account.sure, account.maybe))

    def true_for_now(self, reason: str, fact: Fact, account: Account, now: int) -> bool:
        """Whether it is one to wait for: the same, without its being too late afterwards.

        An end is waited for only as long as it may be taken back.
        """
        rule = self.oracle.rules.touchpoints[fact.event.kind]
        if reason == "cooldown":
            start = max(fact.due, now)
            return any(at + rule.cooldown > start for at in self._asked(account))
        if reason == "superseded":
            return self._has_better(fact, account)
        if reason == "stopped":
            return any(self.oracle.stopped(fact, how) == "ended" for how in VIEWS)
        if reason == "window":
            # When it is taken in, its moment is spread over the hours that are left, even of an open window.
            spread = fact.created == now and rule.window is not None
            return spread or any(
                closed(rule.window, *self.oracle.place(known), now) for known in (account.sure, account.maybe)
            )
        return reason in {"limit", "quota"} and self._used_up(reason, fact, now)

    # One method for each reason

    def _not_asked(self, fact: Fact, _account: Account, _known: Known, _now: int) -> bool:
        return not self.oracle.rules.touchpoints[fact.event.kind].ask

    def _test_mode(self, fact: Fact, _account: Account, _known: Known, _now: int) -> bool:
        return fact.event.test and fact.event.source not in self.oracle.test_sources

    def _no_customer(self, fact: Fact, _account: Account, _known: Known, _now: int) -> bool:
        return fact.event.nameless

    def _no_address(self, _fact: Fact, _account: Account, known: Known, _now: int) -> bool:
        return not known.address

    def _customer_deleted(self, _fact: Fact, _account: Account, known: Known, _now: int) -> bool:
        return known.deleted_at is not None

    def _suppressed(self, _fact: Fact, _account: Account, known: Known, _now: int) -> bool:
        return known.objected or bool(self.oracle.mailboxes[known.address].refused["maybe"])

    def _stopped(self, fact: Fact, account: Account, known: Known, now: int) -> bool:
        """What was taken back is so for good; an end may be taken back until the patience is nearly over."""
        why = self.oracle.stopped(fact, _view(account, known))
        patience = self.oracle.rules.touchpoints[fact.event.kind].patience
        return bool(why) and (why != "ended" or now >= fact.due + patience - HOUR)

    def _withdrawn(self, fact: Fact, account: Account, known: Known, _now: int) -> bool:
        """The end was taken back; one that came after that is asked about as its own."""
        one = known.subscriptions.get(fact.event.subscription)
        taken_back = one is not None and one.runs > fact.ends
        return taken_back or self.oracle.no_farewell(fact, _view(account, known)) == "withdrawn"

    def _still_subscribed(self, fact: Fact, _account: Account, known: Known, _now: int) -> bool:
        return fact.event.farewell and known.has_another(fact.event.subscription)

    def _not_paid(self, fact: Fact, _account: Account, _known: Known, _now: int) -> bool:
        paid_only = self.oracle.rules.touchpoints[fact.event.kind].paid_only
        return paid_only and fact.event.amount is not None and fact.event.amount <= 0

    def _not_sampled(self, fact: Fact, _account: Account, _known: Known, _now: int) -> bool:
        rule = self.oracle.rules.touchpoints[fact.event.kind]
        return not in_sample(fact.event.kind, fact.customer_id, rule.sampling)

    def _cooldown(self, fact: Fact, account: Account, known: Known, now: int) -> bool:
        """Asked before, and no open hour is left between the end of the cooldown and that of patience."""
        rule = self.oracle.rules.touchpoints[fact.event.kind]
        return any(
            at + rule.cooldown > max(fact.due, at) and not self._room(fact, known, max(fact.due, at + rule.cooldown))
            for at in self._asked(account)
            if at <= now
        )

    def _superseded(self, fact: Fact, account: Account, known: Known, now: int) -> bool:
        """A better one is open; whether waiting for it took too long follows from its own moment."""
        del known, now
        return self._has_better(fact, account)

    def _asked(self, account: Account) -> list[int]:
        """When this customer was asked or may have been, and whoever has the same address."""
        mailboxes = [self.oracle.mailboxes[address] for address in account.addresses]
        return [at for one in (account, *mailboxes) for at in (*one.asked, *one.perhaps_asked)]

    def _has_better(self, fact: Fact, account: Account) -> bool:
        rules = self.oracle.rules.touchpoints
        own = rules[fact.event.kind].priority
        return any(
            other.open and rules[other.event.kind].priority > own for other in account.facts if other is not fact
        )

    def _expired(self, fact: Fact, _account: Account, _known: Known, now: int) -> bool:
        rule = self.oracle.rules.touchpoints[fact.event.kind]
        return now > fact.due + rule.patience or now > fact.event.at + rule.delay + rule.patience

    def _rejected(self, fact: Fact, _account: Account, _known: Known, _now: int) -> bool:
        return fact.rejected

    def _failed(self, fact: Fact, _account: Account, _known: Known, _now: int) -> bool:
        return fact.unclear and not fact.proved

    def _no_basis(self, _fact: Fact, _account: Account, known: Known, now: int) -> bool:
        return not known.may_be_asked(self.oracle.rules.need(known.value("country")), now)

    def _bad_address(self, _fact: Fact, _account: Account, known: Known, _now: int) -> bool:
        return known.address.count("@") != 1 or " " in known.address

    def _role_address(self, _fact: Fact, _account: Account, known: Known, _now: int) -> bool:
        return known.address.partition("@")[0] in MACHINES

    def _quota(self, fact: Fact, _account: Account, _known: Known, now: int) -> bool:
        return self._used_up("quota", fact, now)

    def _limit(self, fact: Fact, _account: Account, _known: Known, now: int) -> bool:
        return self._used_up("limit", fact, now)

    def _window(self, fact: Fact, _account: Account, known: Known, now: int) -> bool:
        return not self._room(fact, known, max(fact.due, now if fact.created != now else fact.due))

    def _room(self, fact: Fact, known: Known, first: int) -> bool:
        rule = self.oracle.rules.touchpoints[fact.event.kind]
        return opens_between(rule.window, self.oracle.place(known), first, fact.due + rule.patience)

    def _used_up(self, reason: str, fact: Fact, now: int) -> bool:
        """Mails that left, places that a crash left counted, and one in the hands of another fill what is allowed."""
        rules, left, leaked = self.oracle.rules, self.oracle.left, self.oracle.leaked
        month = (fact.event.kind, *rules.month(now))
        counters = {"quota": [(month, rules.touchpoints[fact.event.kind].quota)]}
        counters["limit"] = [(("hour", now // HOUR), rules.per_hour), (("day", now // DAY), rules.per_day)]
        return any(most and left[one] + leaked[one] + self.oracle.in_hand >= most for one, most in counters[reason])


def _view(account: Account, known: Known) -> str:
    return "sure" if known is account.sure else "maybe"
