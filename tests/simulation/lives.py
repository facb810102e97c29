"""The script: what happens to each person in a year of billing, and who tells it when."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate

from .events import DAY, END, HOUR, MINUTE, Event
from .plans import subscribe
from .rules import MAIN_ZONES, moment

PLACES = [
    ("Europe/Berlin", "DE", 20),
    ("Europe/London", "GB", 12),
    ("America/New_York", "US", 20),
    ("America/St_Johns", "CA", 6),
    ("Asia/Tokyo", "JP", 8),
    ("Asia/Kolkata", "IN", 8),
    ("Asia/Kathmandu", "NP", 4),
    ("Australia/Adelaide", "AU", 6),
    ("Pacific/Chatham", "NZ", 4),
    ("America/Santiago", "CL", 4),
    ("Asia/Riyadh", "SA", 4),
    ("Africa/Cairo", "EG", 4),
]
"""Zone, country and weight; half and quarter hours, both hemispheres, three weekends are among them."""
_WEIGHTS = [weight for *_, weight in PLACES]
FIRST_OF_MONTH = [days * DAY for days in accumulate([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30])]
_SHARES = {"monthly": 4, "quarterly": 5, "yearly": 29, "orders": 52, "support": 10}
_STEPS = {"monthly": 1, "quarterly": 3, "yearly": 12}


@dataclass(slots=True)
class Life:
    """One person; `events` collects what is told of them. What is rare is `bad` times as frequent.

    `met` are the accounts that were told of, `known` the sources that know this person by an id.
    """

    number: int
    luck: random.Random
    bad: float = 1.0
    events: list[Event] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    met: set[str] = field(default_factory=set)
    serial: int = 0
    profile: dict[str, str] = field(default_factory=dict)
    address: str = ""
    addressless: bool = False

    def often(self, share: float) -> bool:
        return self.luck.random() < share

    def live(self) -> list[Event]:
        """All that is told of this person, in order of what happened."""
        self._settle_down()
        kind = self.luck.choices(list(_SHARES), list(_SHARES.values()))[0]
        if kind in _STEPS:
            self._subscribe(_STEPS[kind])
        elif kind == "orders":
            self._order(1 + (self.often(0.3) and self.luck.randrange(1, 4)))
        if kind == "support" or self.often(0.15):
            self._ask_for_help()
        self._change()
        self.events.sort(key=lambda one: one.at)
        return self.events

    def _settle_down(self) -> None:
        zone, country, _ = self.luck.choices(PLACES, _WEIGHTS)[0]
        chance = self.luck.random()
        self.profile = {"time_zone": zone, "country": country}
        if chance < 0.3:
            del self.profile["time_zone" if chance < 0.18 else "country"]
        if chance < 0.06:
            self.profile = {}
        self.addressless = self.often(0.02)
        # Some share a mailbox with the one before: a couple, an office.
        self.address = f"p{self.number - (self.number > 0 and self.often(0.03 * self.bad))}@example.com"
        if self.often(0.02 * self.bad):
            self.address = self.luck.choice(
                [f"info@p{self.number}.example.com", f"noreply@p{self.number}.example.com", f"p{self.number} at home"]
            )
        self.profile |= {"name": f"N{self.number}", **self._basis(country)}

    def _basis(self, country: str) -> dict[str, str]:
        """Most were told of their right to object, some agreed, some said nothing that counts."""
        share, day = self.luck.random(), f"2026-{self.luck.randrange(1, 13):02}-15"
        agreed = {"attributes.consent_at": f"{day}T10:00:00+00:00", "attributes.consent_text": "Ask me."}
        if share < (0.6 if country == "DE" else 0.15):
            return agreed
        if share < 0.9:
            return {"attributes.notice_at": day}
        return self.luck.choice([{}, {}, {"attributes.notice_at": "soon"}, {"attributes.consent_at": day}])

    def tell(self, at: int, source: str, kind: str = "", obj: str = "", **more: object) -> Event:
        """Something is told by `source`; the first time it says all it knows, later mostly the id alone.

        Guests have no id: they are who has this address, which is told each time.
        """
        self.serial += 1
        profile: dict[str, str] = dict(more.pop("profile", {}))
        guest = bool(more.get("guest"))
        account = f"{source}@{self.address.lower()}" if guest else f"{source}-{self.number}"
        if account not in self.met and not more.get("nameless") and not more.get("test"):
            self.met.add(account)
            self.known |= set() if guest else {source}
            late = not guest and (self.addressless or (self.often(0.04) and self._address_follows(at, source)))
            profile = {**self.profile, **({} if late else {"address": self._spelled(source)}), **profile}
        elif guest:
            profile |= {"address": self._spelled(source)}
        elif not (self.addressless or more.get("nameless") or "address" in profile) and account in self.met:
            profile |= {"address": self._spelled(source)} if self.often(0.2) else {}
        fact = f"test|{source}|{obj}|{kind}|" if obj else ""
        one = Event(
            at, self.number, source, f"e{self.number}-{self.serial}", account, profile, kind=kind, fact=fact, **more
        )
        self.events.append(one)
        return one

    def _address_follows(self, at: int, source: str) -> bool:
        """The address is learned only later."""
        later = at + self.luck.randrange(HOUR, 20 * DAY)
        self.serial += 1
        profile = {"address": self._spelled(source)}
        self.events.append(
            Event(later, self.number, source, f"e{self.number}-{self.serial}", f"{source}-{self.number}", profile)
        )
        return True

    def _spelled(self, source: str) -> str:
        """Each source in its own way."""
        return _spelled(self.address, source)

    def _subscribe(self, step: int) -> None:
        month, start = self.luck.randrange(step), None
        if self.often(0.25):
            start = self.luck.randrange(END - 30 * DAY)
            month = next((one for one in range(12) if FIRST_OF_MONTH[one] > start + 20 * DAY), 12)
        shift = 0 if self.often(0.8) else self.luck.randrange(27 * DAY)
        subscribe(self, [FIRST_OF_MONTH[count] + shift for count in range(month, 12, step)], start)

    def pay(self, at: int, kind: str, name: str, subscription: str) -> None:
        """A bill that is paid, at once or later or never, and perhaps taken back."""
        about: dict[str, object] = {"subscription": subscription}
        invoice = f"in-{self.number}-{name}"
        objects = {"invoice": invoice, "charge": f"ch-{self.number}-{name}"}
        amount = 0 if self.often(0.03 * self.bad) else self.luck.choice([900, 4900, 49000])
        if amount and self.often(0.05):
            # Some sources cannot say whether the payment was confirmed before: who knows both events can.
            paid = f"test|billing|{invoice}|payment_recovered|"
            back = paid if self.often(0.5) else ""
            self.tell(
                at, "billing", "payment_failed", invoice, objects=objects, amount=amount, takes_back=back, **about
            )
            if self.often(0.2):
                return
            at += self.luck.randrange(DAY, 6 * DAY)
            kind = "payment_recovered"
        split = self.often(0.1)
        shown = {"invoice": invoice} if split else objects
        paid_event = self.tell(at, "billing", kind, invoice, objects=shown, amount=amount, **about)
        if split:
            # Only this event says that the invoice and its charge are one payment.
            lesson = self.tell(at + self.luck.randrange(60), "billing", objects=objects)
            lesson.fact = paid_event.fact
        self._twin(paid_event)
        if amount and not self._fails_after_all(at, invoice, objects, paid_event.fact):
            self._take_back(at, "billing", invoice, objects, amount)

    def _fails_after_all(self, at: int, invoice: str, objects: dict[str, str], paid: str) -> bool:
        """The bank takes back what it had confirmed; some sources call that one more failure."""
        if not self.often(0.03 * self.bad):
            return False
        days = 3 if self.often(0.7) else 30
        later, about = at + self.luck.randrange(HOUR, days * DAY), f"{invoice}-late"
        if self.often(0.5):
            self.tell(later, "billing", "payment_reversed", about, objects=objects)
        else:
            self.tell(later, "billing", "payment_failed", about, objects=objects, takes_back=paid)
        return True

    def _twin(self, paid: Event) -> None:
        """A second event about the same fact."""
        if self.often(0.08):
            same = {"objects": paid.objects, "subscription": paid.subscription, "guest": paid.guest}
            twin = self.tell(paid.at, paid.source, paid.kind, amount=paid.amount, **same)
            twin.fact = paid.fact

    def _take_back(self, at: int, source: str, name: str, objects: dict[str, str], amount: int, **who: object) -> None:
        later = at + self.luck.randrange(HOUR, 25 * DAY)
        what = {"charge": objects["charge"]} if "charge" in objects and self.often(0.5) else objects
        if self.often(0.025 * self.bad):
            nameless = "charge" in what and self.often(0.5)
            self.tell(later, source, "refunded", name, objects=what, amount=amount, nameless=nameless, **who)
        elif self.often(0.015 * self.bad):
            self.tell(later, source, "disputed", name, objects=what, amount=amount, **who)

    def _order(self, count: int) -> None:
        guest = self.often(0.25) and not self.addressless
        for number in range(count):
            name, at = f"o-{self.number}-{number}", self.luck.randrange(END)
            who: dict[str, object] = {"guest": guest and self.often(0.8)}
            amount, objects = self.luck.choice([1500, 2500, 12000]), {"order": name}
            test = self.often(0.03 * self.bad)
            if self.often(0.06 * self.bad):
                self._leave_unpaid(at, name, who)
            paid = self.tell(at, "shop", "order_paid", name, objects=objects, amount=amount, test=test, **who)
            if not test:
                self._twin(paid)
            if not test and self.often(0.03 * self.bad):
                self.tell(
                    at + self.luck.randrange(HOUR, 9 * DAY), "shop", "order_cancelled", name, objects=objects, **who
                )
            elif not test and self.often(0.85):
                arrived = at + self.luck.randrange(6 * HOUR, 6 * DAY)
                self.tell(arrived, "shop", "order_fulfilled", name, objects=objects, amount=amount, **who)
            self._take_back(at, "shop", name, objects, amount, **who)
        if self.often(0.01):
            self.tell(self.luck.randrange(END), "shop", "order_paid", f"n-{self.number}", amount=700, nameless=True)

    def _leave_unpaid(self, at: int, name: str, who: dict[str, object]) -> None:
        """An order beside a paid one that is never paid, until the shop gives it up."""
        began = at - self.luck.randrange(MINUTE, DAY)
        self.tell(began, "shop", **who)
        given_up = began + self.luck.choice([HOUR, 3 * DAY]) + self.luck.randrange(HOUR)
        unpaid = f"{name}-unpaid"
        self.tell(given_up, "shop", "order_cancelled", unpaid, objects={"order": unpaid}, **who)

    def _ask_for_help(self) -> None:
        for number in range(1 + self.often(0.3)):
            self.tell(self.luck.randrange(END), "desk", "support_resolved", f"case-{self.number}-{number}")
        if self.often(0.1):
            self.tell(self.luck.randrange(END), "desk", "signed_up", f"user-{self.number}")

    def _change(self) -> None:
        """Later news: a basis given or withdrawn, a new address or place, a farewell."""
        if not self.known:
            return
        source, first = self.luck.choice(sorted(self.known)), min((one.at for one in self.events), default=0)
        at = first + self.luck.randrange(1, 30 * DAY if self.often(0.5) else END)
        what, day = self.luck.random() / self.bad, moment(at).isoformat()
        profile: dict[str, str] = {}
        if what < 0.03:
            profile = {"attributes.consent_at": day, "attributes.consent_text": "Now you may."}
        elif what < 0.05:
            profile = {"attributes.consent_withdrawn_at": day}
        elif what < 0.06:
            profile = {"attributes.notice_at": day}
        elif what < 0.08:
            zone, country, _ = self.luck.choices(PLACES, _WEIGHTS)[0]
            profile = {"time_zone": zone, "country": country}
        elif what < 0.1 and not self.addressless and "@p" not in self.address:
            self._says(at, END, source, f"q{self.number}@example.com")
            return
        elif what < 0.13 and not self.addressless:
            self._types_anothers(at, source)
            return
        elif what < 0.15:
            self.tell(at, source, deleted=True)
            return
        if profile:
            self.tell(at, source, profile=profile)

    def _types_anothers(self, at: int, source: str) -> None:
        """The address of somebody else, by mistake or not, and soon the own one again."""
        other = f"p{max(0, self.number - self.luck.randrange(1, 4))}@example.com"
        self._says(at, at + self.luck.choice([2 * MINUTE, HOUR, 4 * DAY]), source, other)

    def _says(self, at: int, until: int, source: str, address: str) -> None:
        """One source has another address for a time: whatever it tells in that time says that one."""
        account, other = f"{source}-{self.number}", _spelled(address, source)
        for one in self.events:
            if at <= one.at < until and one.account == account and "address" in one.profile:
                one.profile = {**one.profile, "address": other}
        self.tell(at, source, profile={"address": other})
        if until < END:
            self.tell(until, source, profile={"address": self._spelled(source)})


def _spelled(address: str, source: str) -> str:
    return {"shop": address.capitalize(), "desk": f" {address.upper()} "}.get(source, address)


def deliveries(luck: random.Random, events: list[Event], bad: float) -> Iterator[tuple[int, Event]]:
    """When each arrives: mostly at once, sometimes late or in disorder, now and then twice."""
    for one in events:
        at = one.at + _way(luck, bad)
        yield at, one
        while luck.random() < 0.03:
            at += luck.choice([0, 1, MINUTE, 3 * HOUR, DAY, 9 * DAY, 90 * DAY])
            yield at, one


def _way(luck: random.Random, bad: float) -> int:
    chance = luck.random() / bad
    if chance < 0.001:
        return luck.randrange(50 * DAY)
    if chance < 0.025:
        return luck.randrange(12 * DAY)
    return luck.randrange(20) if luck.random() < 0.93 else luck.randrange(4 * HOUR)


ZONES = len({zone for zone, *_ in PLACES} | set(MAIN_ZONES.values()))
