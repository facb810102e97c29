"""Judges every mail and every silence of a simulated year by what really happened; imports nothing from afterbill.

What was taken in is known for sure once the taking in has ended, and may be known once it has begun: where a crash lies
in between, either is right. A mail is wrong if it is forbidden by both.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Container
from datetime import datetime, time
from typing import Any

from .events import DAY, END, HOUR, Event
from .journal import ALIVE, REVERSALS, VIEWS, Account, Fact, Known, Mailbox, Payments, spelled
from .mails import SETTLING, Mails, mistaken
from .reasons import Reasons
from .rules import Rule, Rules, seconds

MOST_WAITING = 5
"""More surveys than this do not compete for one customer: documented."""


class Oracle:
    """Told what happens as it happens; `violations` counts what was wrong, `examples` tells a few of each kind."""

    def __init__(self, tables: dict[str, Any], test_sources: frozenset[str] = frozenset()) -> None:
        self.rules = Rules(tables)
        self.test_sources = test_sources
        self.accounts: defaultdict[str, Account] = defaultdict(Account)
        self.mailboxes: defaultdict[str, Mailbox] = defaultdict(Mailbox)
        self.facts: dict[str, Fact] = {}
        self.ends: defaultdict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
        self.payments = {view: Payments() for view in VIEWS}
        self.left: Counter[object] = Counter()
        self.leaked: Counter[object] = Counter()
        self.customers: dict[str, int] = {}
        self.owners: dict[str, str] = {}
        self.turns: Counter[str] = Counter()
        self.halted = False
        self.in_hand = 0
        self.violations: Counter[str] = Counter()
        self.examples: defaultdict[str, list[str]] = defaultdict(list)
        self.seen: Counter[str] = Counter()
        self.mails, self.reasons = Mails(self), Reasons(self)

    # What the world tells

    def begins(self, event: Event, now: int) -> None:
        """An event is about to be taken in, perhaps not for the first time."""
        # All words about one end are one fact, so that only the product can say which fact an end belongs to.
        if event.fact and event.kind and not event.farewell and name_of(event.fact) not in self.facts:
            self._note(name_of(event.fact), event, now)
            if event.own_id:
                self.turns[event.event_id] += 1
        self._learn(event, "maybe", now)
        if event.farewell:
            for fact in self.account(event).facts:
                fact.demoted |= fact.open

    def ended(self, event: Event, id_: str, now: int) -> None:
        """It was taken in, as the fact `id_` if it is one."""
        self._learn(event, "sure", now)
        if event.fact and event.kind:
            self._ended_fact(event, id_ if event.farewell else name_of(event.fact), now)
        if event.state == "running" or (event.subscription and event.kind in ALIVE):
            self._must_wake(event, now)

    def _note(self, id_: str, event: Event, now: int) -> Fact:
        fact = self.facts[id_] = Fact(event, now)
        self.account(event).facts.append(fact)
        return fact

    def _ended_fact(self, event: Event, id_: str, now: int) -> None:
        fact = self.facts.get(id_) or self._note(id_, event, now)
        fact.sure = True
        if event.farewell:
            fact.ends = max(fact.ends, event.at)
            self.ends[event.account, event.subscription].append((event.at, id_))
            if (fact.event.account, fact.event.subscription) != (event.account, event.subscription):
                self._wrong("mixed_ends", id_, now)

    def _must_wake(self, event: Event, now: int) -> None:
        """What an end holds back is looked at soon once it is taken back, or another subscription is heard of."""
        account = self.account(event)
        for fact in account.facts:
            if fact.open and fact.held and not account.sure.ended(fact.event):
                fact.wake_by = fact.wake_by or now + HOUR

    def account(self, event: Event) -> Account:
        """Whom an event is about, as its source calls them: a person is not an address."""
        return self.accounts["" if event.nameless else event.account]

    def _learn(self, event: Event, how: str, now: int) -> None:
        if event.own_id or (event.test and event.source not in self.test_sources):
            return
        stops, payments = self.rules.touchpoints[event.kind].stops if event.kind else "nothing", self.payments[how]
        if not event.nameless:
            self.accounts[event.account].known(how).learn(event, stops, now)
        if event.fact and not event.kind and event.objects:
            payments.join(event.objects)
        if event.kind in REVERSALS and stops != "nothing":
            payments.reverse(event.objects)
        if event.takes_back:
            payments.fail(event.objects, event.at)

    def met(self, customer_id: str, account: str, now: int) -> None:
        """The product has given somebody an id: from now on campaigns may ask them."""
        self.customers[customer_id], self.owners[customer_id] = now, account

    def opted_out(self, id_: str, *, sure: bool) -> None:
        """Whoever got this survey objects: for every address it went to, and if they still have one, for good."""
        fact = self.facts[id_]
        for how in VIEWS if sure else ("maybe",):
            for address in fact.reached:
                self.mailboxes[address].refused[how].add("opted_out")
            known = self.account(fact.event).known(how)
            known.objected |= not known.address or known.address in fact.reached

    def bounced(self, id_: str, to: str, now: int, *, sure: bool) -> None:
        """The address takes no mail; that says nothing of who had it."""
        self._refused(id_, to, "bounced", now, sure=sure)

    def complained(self, id_: str, to: str, now: int, *, sure: bool) -> None:
        """Whoever has the address complained."""
        self._refused(id_, to, "complained", now, sure=sure)
        for how in VIEWS if sure else ("maybe",):
            known = self.account(self.facts[id_].event).known(how)
            known.objected |= known.address == spelled(to)

    def _refused(self, id_: str, to: str, why: str, now: int, *, sure: bool) -> None:
        fact = self.facts[id_]
        for how in VIEWS if sure else ("maybe",):
            self.mailboxes[spelled(to)].refused[how].add(why)
        fact.bounced = now if sure and fact.bounced is None else fact.bounced

    def proved(self, id_: str) -> None:
        self.facts[id_].proved = True

    def answered(self, id_: str, now: int) -> None:
        fact = self.facts[id_]
        fact.answered = now if fact.answered is None else fact.answered
        fact.proved = True

    def interrupted(self, id_: str, now: int, *, claimed: bool) -> None:
        """Whoever was sending this died; what it had counted may stay counted, and whom it claimed counts as asked."""
        fact = self.facts[id_]
        for counter in self._counters(fact, now):
            self.leaked[counter] += 1
        if claimed:
            self._perhaps_asked(fact, now)

    def _perhaps_asked(self, fact: Fact, now: int) -> None:
        fact.unclear = True
        account = self.account(fact.event)
        for one in (account, *(self.mailboxes[address] for address in account.addresses)):
            one.perhaps_asked.append(now)

    # What the product tells

    def created(self, id_: str, customer_id: str, event: Event, now: int) -> None:
        """A fact was stored as this event was taken in."""
        fact = self.facts.get(id_)
        if fact is None and event.farewell:
            if self._told_before(event):
                self._wrong("farewell_twice", id_, now)
            fact = self._note(id_, event, now)
            fact.ends = event.at
        if fact is None:
            # Nobody told it; what becomes of it is judged all the same.
            fact = self.facts[id_] = Fact(Event(now, -1, "", "", "", {}, "payment_succeeded"), now)
            self._wrong("invented", id_, now)
        elif customer_id and self.owners.get(customer_id) != fact.event.account:
            self._wrong("somebody_else", id_, now)
        rule, at = self.rules.touchpoints[fact.event.kind], min(fact.event.at, now)
        fact.created, fact.customer_id, fact.open = now, customer_id, True
        fact.due = max(at + rule.delay, now + min(rule.delay, SETTLING))
        account = self.account(fact.event)
        account.crowded = account.crowded or sum(one.open for one in account.facts) > MOST_WAITING

    def _told_before(self, event: Event) -> bool:
        """Whether this very end is another fact already: since that one nobody took an end back."""
        account = self.account(event)
        runs = account.maybe.subscriptions[event.subscription].runs
        ends = (one.event for one in account.facts if one.event.farewell)
        return any(end.subscription == event.subscription and runs <= end.at for end in ends)

    def looked_at(self, id_: str, now: int) -> None:
        """Somebody looked whether it may go out."""
        self._look(id_, self.facts[id_], now)

    def _look(self, id_: str, fact: Fact, now: int) -> None:
        if fact.wake_by is not None and now > fact.wake_by:
            self._wrong("not_woken", id_, now)
        self.seen["woken"] += fact.wake_by is not None
        fact.wake_by = None

    def closed(self, id_: str, reason: str, now: int) -> None:
        """It will not be asked about, for this reason: is it true?"""
        fact = self.facts[id_]
        fact.open, fact.closed = False, reason
        self._look(id_, fact, now)
        self.seen[f"closed {reason}"] += 1
        if fact.mails and reason not in {"failed", "rejected"}:
            self._wrong("closed_after_mail", id_, now)
        if not self.reasons.true(reason, fact, self.account(fact.event), now):
            self._wrong(f"reason:{reason}", id_, now)

    def waited(self, id_: str, reason: str, now: int) -> None:
        """It has to wait, for this reason."""
        fact = self.facts[id_]
        fact.held = reason == "stopped"
        fact.was_held |= fact.held
        self._look(id_, fact, now)
        self.seen[f"waited {reason}"] += 1
        if not self.reasons.true_for_now(reason, fact, self.account(fact.event), now):
            self._wrong(f"wait:{reason}", id_, now)

    def unclear(self, id_: str, now: int, *, left: bool) -> None:
        """A mail was handed over, and the product cannot know whether it left: it has to count it."""
        fact = self.facts[id_]
        for counter in () if left else self._counters(fact, now):
            self.leaked[counter] += 1
        self._perhaps_asked(fact, now)

    def mail(self, id_: str, number: int, to: str, says: tuple[str | None, str | None], now: int) -> None:
        """A mail left, in which somebody is called by a name and asked about a plan."""
        fact = self.facts[id_]
        account, rule = self.account(fact.event), self.rules.touchpoints[fact.event.kind]
        judge = self.mails.wrong_reminder if number > 1 else self.mails.wrong
        for wrong in (*judge(fact, account, to, now), *mistaken(account, says)):
            self._wrong(wrong, id_, now)
        self._count(fact, number, rule, now)
        self._look(id_, fact, now)
        fact.reached.add(spelled(to))
        if number > 1:
            fact.reminders.append(now)
            return
        self.seen["mails after an end was taken back"] += fact.was_held
        fact.mails.append(now)
        fact.open = False
        mailbox = self.mailboxes[spelled(to)]
        self.seen["mails where others were asked before"] += len(mailbox.asked) > len(account.asked)
        account.asked.append(now)
        mailbox.asked.append(now)

    def _count(self, fact: Fact, number: int, rule: Rule, now: int) -> None:
        hour, day, month = self._counters(fact, now)
        for counter, most in ((hour, self.rules.per_hour), (day, self.rules.per_day)):
            self.left[counter] += 1
            if most and self.left[counter] > most:
                self._wrong("cap", name_of(fact.event.fact), now)
        if number > 1:
            self.seen["reminders"] += 1
            return
        self.left[month] += 1
        if rule.quota and self.left[month] > rule.quota:
            self._wrong("quota", name_of(fact.event.fact), now)
        self.seen["mails"] += 1
        self.seen[f"mails {fact.event.kind}"] += 1

    # Judgement

    def _counters(self, fact: Fact, now: int) -> tuple[object, object, object]:
        return ("hour", now // HOUR), ("day", now // DAY), (fact.event.kind, *self.rules.month(now))

    def place(self, known: Known) -> Any:
        country = known.value("country")
        return self.rules.zone(known.value("time_zone"), country), country

    def stopped(self, fact: Fact, how: str) -> str:
        """What stops it: its payment, or all that its customer did so far, was taken back, or an end stands."""
        event, rule = fact.event, self.rules.touchpoints[fact.event.kind]
        if event.kind in REVERSALS or rule.stops != "nothing":
            return ""
        known, payments = self.account(event).known(how), self.payments[how]
        if known.adverse >= event.at or payments.reversed(event.objects):
            return "stopped"
        if event.kind != "payment_failed" and payments.failed_since(event.objects, event.at):
            return "failed_after_all"
        return "ended" if known.ended(event) else ""

    def no_farewell(self, fact: Fact, how: str) -> str:
        """Why the end of a subscription is not asked about: it was taken back, or its customer has another one."""
        if not fact.event.farewell:
            return ""
        known = self.account(fact.event).known(how)
        one = known.subscriptions.get(fact.event.subscription)
        if one and not one.leaving:
            return "withdrawn"
        return "still_subscribed" if known.has_another(fact.event.subscription) else ""

    def end(
        self, stored: dict[str, tuple[str, str, int]], timers: set[str], people: Container[str], now: int = END
    ) -> None:
        """The year is over: every fact has one invitation (state, reason, ready at), and none waits for ever."""
        self._end_of_campaigns(people, now)
        self._end_of_subscriptions()
        for id_ in stored.keys() - self.facts.keys():
            self._wrong("invented", id_, now)
        for id_, fact in self.facts.items():
            state, _, ready = stored.get(id_, ("", "", 0))
            if fact.wake_by is not None and now > fact.wake_by:
                self._wrong("not_woken", id_, now)
            self.seen["facts"] += 1
            self.seen[f"state {state}"] += 1
            if not state:
                if fact.sure:
                    self._wrong("unaccounted", id_, now)
            elif state == "sent" and not fact.mails:
                self._wrong("sent_without_mail", id_, now)
            elif state == "pending":
                self.seen["pending without a timer"] += id_ not in timers
                if fact.mails or self._forgotten(fact, ready, now):
                    self._wrong("for_ever", id_, now)
            elif state in {"sending", "unknown"} and fact.created is not None and now > ready + 20 * DAY:
                self._wrong("for_ever", id_, now)

    def _end_of_subscriptions(self) -> None:
        """An end that stands was not silenced as one that was taken back."""
        for (account, name), words in self.ends.items():
            last, id_ = max(words)
            leaving = self.accounts[account].sure.subscriptions[name].leaving
            self.seen["ends that stand" if leaving else "ends taken back"] += 1
            if leaving and self.facts[id_].closed == "withdrawn":
                self._wrong("end_forgotten", id_, last)

    def _end_of_campaigns(self, people: Container[str], now: int) -> None:
        """Whoever was stored before a campaign began had one turn in its days."""
        for name, (start, _) in self.rules.campaigns.items():
            first = seconds(datetime.combine(start, time.min, self.rules.zone(None, None)))
            for customer_id, met in self.customers.items():
                turns = self.turns[f"{name}#{start}#{customer_id}"]
                self.seen[f"turns of {name}"] += turns
                if turns != 1 and met < first and customer_id in people:
                    self._wrong("no_turn", customer_id, now)
        for fact in self.facts.values():
            if fact.event.own_id:
                start, length = self.rules.campaigns[fact.event.event_id.partition("#")[0]]
                first = seconds(datetime.combine(start, time.min, self.rules.zone(None, None)))
                if not first <= fact.event.at < first + length:
                    self._wrong("turn_out_of_time", name_of(fact.event.fact), now)

    def _forgotten(self, fact: Fact, ready: int, now: int) -> bool:
        """Due long ago, or after it would have given up; a timer that was lost is found by the sweep."""
        return ready > fact.due + self.rules.touchpoints[fact.event.kind].patience or now > ready + 3 * HOUR

    def _wrong(self, kind: str, id_: str, now: int) -> None:
        self.violations[kind] += 1
        if len(self.examples[kind]) < 3:
            fact = self.facts.get(id_)
            event = fact.event if fact else None
            self.examples[kind].append(f"{kind}: {id_} of {event} at {now / DAY:.3f} d: {fact}"[:900])


def name_of(fact: str) -> str:
    """The documented id of the invitation about a fact: its SHA-256 cut to 128 bits."""
    return hashlib.sha256(fact.encode()).hexdigest()[:32]
