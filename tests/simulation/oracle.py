"""Judges every mail and every silence of a simulated year by what really happened; imports nothing from afterbill.

What was taken in is known for sure once the taking in has ended, and may be known once it has begun: where a crash lies
in between, either is right. A mail is wrong if it is forbidden by both.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Container
from datetime import datetime, time
from typing import Any

from .events import DAY, END, HOUR, Event
from .journal import MACHINES, REVERSALS, Fact, Known, Payments, Person, spelled
from .reasons import Reasons
from .rules import Rules, closed, seconds

MOST_WAITING = 5
"""More surveys than this do not compete for one person: documented."""
SETTLING = HOUR
"""A fact that arrives late waits this long: documented."""


class Oracle:
    """Told what happens as it happens; `violations` counts what was wrong, `examples` tells a few of each kind."""

    def __init__(self, tables: dict[str, Any], test_sources: frozenset[str] = frozenset()) -> None:
        self.rules = Rules(tables)
        self.test_sources = test_sources
        self.people: defaultdict[int, Person] = defaultdict(Person)
        self.facts: dict[str, Fact] = {}
        self.payments = {"sure": Payments(), "maybe": Payments()}
        self.left: Counter[object] = Counter()
        self.leaked: Counter[object] = Counter()
        self.customers: dict[str, int] = {}
        self.turns: Counter[str] = Counter()
        self.halted = False
        self.in_hand = 0
        self.violations: Counter[str] = Counter()
        self.examples: defaultdict[str, list[str]] = defaultdict(list)
        self.seen: Counter[str] = Counter()
        self.reasons = Reasons(self)

    # What the world tells

    def begins(self, event: Event, now: int) -> None:
        """An event is about to be taken in, perhaps not for the first time."""
        if event.fact and event.kind:
            id_ = name_of(event.fact)
            if id_ not in self.facts:
                fact = self.facts[id_] = Fact(event, now)
                self.people[event.person].facts.append(fact)
                if event.own_id:
                    self.turns[event.event_id] += 1
        self._learn(event, "maybe", now)

    def ended(self, event: Event, now: int) -> None:
        """It was taken in."""
        self._learn(event, "sure", now)
        if event.fact and event.kind:
            self.facts[name_of(event.fact)].sure = True

    def _learn(self, event: Event, how: str, now: int) -> None:
        if event.own_id or (event.test and event.source not in self.test_sources):
            return
        stops = self.rules.touchpoints[event.kind].stops if event.kind else "nothing"
        person = self.people[event.person]
        (person.sure if how == "sure" else person.maybe).learn(event, stops, now)
        if event.fact and not event.kind and event.objects:
            self.payments[how].join(event.objects)
        if event.kind in REVERSALS and stops != "nothing":
            self.payments[how].reverse(event.objects)

    def met(self, customer_id: str, now: int) -> None:
        """The product has given somebody an id: from now on campaigns may ask them."""
        self.customers[customer_id] = now

    def opted_out(self, person: int, *, sure: bool) -> None:
        for known in self._known_of(person, sure=sure):
            known.opted_out = True

    def _known_of(self, person: int, *, sure: bool) -> tuple[Known, ...]:
        """Mail came to them, so their address is known."""
        maybe, certain = self.people[person].maybe.one, self.people[person].sure.one
        return (maybe, certain) if sure else (maybe,)

    def bounced(self, id_: str, to: str, now: int, *, sure: bool) -> None:
        fact = self.facts[id_]
        for known in self._known_of(fact.event.person, sure=sure):
            known.bounced.add(spelled(to))
        fact.bounced = now if sure and fact.bounced is None else fact.bounced

    def complained(self, id_: str, to: str, now: int, *, sure: bool) -> None:
        fact = self.facts[id_]
        for known in self._known_of(fact.event.person, sure=sure):
            known.complained.add(spelled(to))
            known.opted_out |= known.address == spelled(to)
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
            fact.unclear = True
            self.people[fact.event.person].perhaps_asked.append(now)

    # What the product tells

    def created(self, id_: str, customer_id: str, now: int) -> None:
        """A fact was stored."""
        fact = self.facts.get(id_)
        if fact is None:
            # Nobody told it; what becomes of it is judged all the same.
            fact = self.facts[id_] = Fact(Event(now, -1, "", "", "", {}, "payment_succeeded"), now)
            self._wrong("invented", id_, now)
        rule, at = self.rules.touchpoints[fact.event.kind], min(fact.event.at, now)
        fact.created, fact.customer_id, fact.open = now, customer_id, True
        fact.due = max(at + rule.delay, now + min(rule.delay, SETTLING))

    def closed(self, id_: str, reason: str, now: int) -> None:
        """It will not be asked about, for this reason: is it true?"""
        fact = self.facts[id_]
        fact.open, fact.closed = False, reason
        self.seen[f"closed {reason}"] += 1
        if fact.mails and reason not in {"failed", "rejected"}:
            self._wrong("closed_after_mail", id_, now)
        if not self.reasons.true(reason, fact, self.people[fact.event.person], now):
            self._wrong(f"reason:{reason}", id_, now)

    def waited(self, id_: str, reason: str, now: int) -> None:
        """It has to wait, for this reason."""
        fact = self.facts[id_]
        self.seen[f"waited {reason}"] += 1
        if not self.reasons.true_for_now(reason, fact, self.people[fact.event.person], now):
            self._wrong(f"wait:{reason}", id_, now)

    def unclear(self, id_: str, now: int, *, left: bool) -> None:
        """A mail was handed over, and the product cannot know whether it left: it has to count it."""
        fact = self.facts[id_]
        for counter in () if left else self._counters(fact, now):
            self.leaked[counter] += 1
        fact.unclear = True
        self.people[fact.event.person].perhaps_asked.append(now)

    def mail(self, id_: str, number: int, to: str, now: int) -> None:
        """A mail left."""
        fact = self.facts[id_]
        person, rule = self.people[fact.event.person], self.rules.touchpoints[fact.event.kind]
        for wrong in self._forbidden(fact, person, to, now):
            self._wrong(f"reminder_{wrong}" if number > 1 else wrong, id_, now)
        for wrong in self._second(fact, now) if number > 1 else self._first(fact, person, now):
            self._wrong(wrong, id_, now)
        for counter, most in zip(self._counters(fact, now), (self.rules.per_hour, self.rules.per_day), strict=False):
            self.left[counter] += 1
            if most and self.left[counter] > most:
                self._wrong("cap", id_, now)
        if number > 1:
            self.seen["reminders"] += 1
            fact.reminders.append(now)
            return
        month = self._counters(fact, now)[2]
        self.left[month] += 1
        if rule.quota and self.left[month] > rule.quota:
            self._wrong("quota", id_, now)
        self.seen["mails"] += 1
        self.seen[f"mails {fact.event.kind}"] += 1
        fact.mails.append(now)
        fact.open = False
        person.asked.append(now)

    # Judgement

    def _counters(self, fact: Fact, now: int) -> tuple[object, object, object]:
        return ("hour", now // HOUR), ("day", now // DAY), (fact.event.kind, *self.rules.month(now))

    def _forbidden(self, fact: Fact, person: Person, to: str, now: int) -> list[str]:
        """What neither a survey nor its reminder may do."""
        rule, event = self.rules.touchpoints[fact.event.kind], fact.event
        both = person.known(fact)
        wrong = [_by_both(both, lambda known: closed(rule.window, *self.place(known), now))]
        wrong.append(_by_both(both, lambda known: self._unwanted(known, to, now)))
        wrong.append("address" if all(known.address != spelled(to) for known in both) else "")
        name = spelled(to).partition("@")[0]
        wrong.append("role_address" if name in MACHINES or name.partition("+")[0] in MACHINES else "")
        wrong.append("bad_address" if spelled(to).count("@") != 1 or " " in spelled(to) else "")
        wrong.append("stopped" if self.taken_back(fact, "sure") and self.taken_back(fact, "maybe") else "")
        wrong.append("test_mode" if event.test and event.source not in self.test_sources else "")
        wrong.append("halted" if self.halted else "")
        return list(filter(None, wrong))

    def _unwanted(self, known: Known, to: str, now: int) -> str:
        if known.opted_out:
            return "opted_out"
        if spelled(to) in known.complained:
            return "complained"
        if spelled(to) in known.bounced:
            return "bounced"
        if known.deleted:
            return "deleted"
        return "" if known.may_be_asked(self.rules.need(known.value("country")), now) else "basis"

    def place(self, known: Known) -> Any:
        country = known.value("country")
        return self.rules.zone(known.value("time_zone"), country), country

    def taken_back(self, fact: Fact, how: str) -> bool:
        """Whether its payment, or all that its customer did so far, was taken back."""
        event, rule = fact.event, self.rules.touchpoints[fact.event.kind]
        if event.kind in REVERSALS or rule.stops != "nothing":
            return False
        person = self.people[event.person]
        known = person.known(fact)[how == "maybe"]
        return known.adverse >= event.at or (bool(event.objects) and self.payments[how].reversed(event.objects))

    def _first(self, fact: Fact, person: Person, now: int) -> list[str]:
        rule, event = self.rules.touchpoints[fact.event.kind], fact.event
        created = now if fact.created is None else fact.created
        checks = {
            "twice": bool(fact.mails),
            "after_closing": bool(fact.closed),
            "not_asked": not rule.ask,
            "not_paid": rule.paid_only and event.amount is not None and event.amount <= 0,
            "early": now < min(event.at, created) + rule.delay,
            "settling": now < created + min(rule.delay, SETTLING),
            "late": now > fact.due + rule.patience,
            "cooldown": any(now - at < rule.cooldown for at in person.asked[-2:]),
            "sample": not in_sample(event.kind, fact.customer_id, rule.sampling),
            "priority": self._jumped_the_queue(fact, person, now),
        }
        return [name for name, found in checks.items() if found]

    def _jumped_the_queue(self, fact: Fact, person: Person, now: int) -> bool:
        """Whether another fact of this person says more, was known to be theirs, open, and free to go in its turn."""
        if person.crowded or person.asked or len(person.facts) < 2:
            person.crowded |= sum(other.open for other in person.facts) > MOST_WAITING
        if person.crowded:
            return False
        rule = self.rules.touchpoints[fact.event.kind]
        return any(self._better(other, rule.priority, person, now) for other in person.facts if other is not fact)

    def _better(self, other: Fact, priority: int, person: Person, now: int) -> bool:
        rule = self.rules.touchpoints[other.event.kind]
        return (
            other.open
            and other.sure
            and not other.mails
            and rule.priority > priority
            and other.event.account in person.sure.linked
            and other.due + rule.patience >= now
            and not self.taken_back(other, "maybe")
        )

    def _second(self, fact: Fact, now: int) -> list[str]:
        rule = self.rules.touchpoints[fact.event.kind]
        sent = fact.mails[0] if fact.mails else now
        checks = {
            "reminder_without_survey": not fact.mails,
            "reminder_twice": bool(fact.reminders),
            "reminder_not_wanted": not rule.reminder,
            "reminder_early": now < sent + rule.reminder,
            "reminder_late": now >= sent + rule.expiry,
            "reminder_answered": fact.answered is not None,
            "reminder_bounced": fact.bounced is not None,
        }
        return [name for name, found in checks.items() if found]

    def end(
        self, stored: dict[str, tuple[str, str, int]], timers: set[str], alone: Container[str], now: int = END
    ) -> None:
        """The year is over: every fact has one invitation (state, reason, ready at), and none waits for ever."""
        self._end_of_campaigns(alone, now)
        for id_ in stored.keys() - self.facts.keys():
            self._wrong("invented", id_, now)
        for id_, fact in self.facts.items():
            state, _, ready = stored.get(id_, ("", "", 0))
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

    def _end_of_campaigns(self, alone: Container[str], now: int) -> None:
        """Whoever was known before a campaign began, and is still somebody of their own, had one turn in its days."""
        for name, (start, _) in self.rules.campaigns.items():
            first = seconds(datetime.combine(start, time.min, self.rules.zone(None, None)))
            for customer_id, met in self.customers.items():
                turns = self.turns[f"{name}#{start}#{customer_id}"]
                self.seen[f"turns of {name}"] += turns
                if turns != 1 and met < first and customer_id in alone:
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


def _by_both(both: tuple[Known, Known], judge: Callable[[Known], str]) -> str:
    """The objection of who knows for sure, if who may know has one as well."""
    sure, maybe = both
    wrong = judge(sure)
    return wrong if wrong and judge(maybe) else ""


def name_of(fact: str) -> str:
    """The documented id of the invitation about a fact: its SHA-256 cut to 128 bits."""
    return hashlib.sha256(fact.encode()).hexdigest()[:32]


def in_sample(touchpoint: str, customer_id: str, share: float) -> bool:
    """The documented sample: the first eight bytes of a SHA-256, as a share of all that there are."""
    digest = hashlib.sha256(f"{touchpoint}|{customer_id}".encode()).digest()
    return share >= 1 or int.from_bytes(digest[:8], "big") < share * 2**64
