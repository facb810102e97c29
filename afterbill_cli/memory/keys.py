"""Keys, tokens, APIs, caps and the sending switch in memory."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from afterbill.answers.api_keys import ApiKey
from afterbill.intake.connector import Api, Call, Token
from afterbill.model.errors import TransientError
from afterbill.model.webhooks import Source
from afterbill.outreach.caps import Cap
from afterbill.outreach.quota_gate import Gate
from afterbill.outreach.reputation import SendingPause


@dataclass
class MemoryLinkKeys:
    """`upcoming` keys become known at the next refresh, as after a rotation."""

    known: Mapping[int, bytes]
    upcoming: Mapping[int, bytes] = field(default_factory=dict)

    def current(self) -> Mapping[int, bytes]:
        """The keys known now."""
        return self.known

    def refresh(self) -> bool:
        """True only where something is new."""
        news, self.known = bool(self.upcoming), {**self.known, **self.upcoming}
        self.upcoming = {}
        return news


@dataclass
class MemoryUserKeys:
    """`upcoming` secrets become known at the next refresh, as after a rotation."""

    known: Sequence[str] = ("a secret of the operator's backend",)
    upcoming: Sequence[str] = field(default=())

    def in_product(self) -> Sequence[str]:
        """The secrets known now."""
        return self.known

    def survey_key(self) -> bytes:
        """Always the same."""
        return b"a key for surveys of users"

    def refresh(self) -> bool:
        """True only where something is new."""
        news, self.known, self.upcoming = bool(self.upcoming), (*self.upcoming, *self.known), ()
        return news


@dataclass
class MemoryApiKeys:
    """ApiKeys over a dictionary, and how operators issue and revoke keys; changes are seen at once."""

    known: dict[str, ApiKey] = field(default_factory=dict)

    def api_key(self, id_: str) -> ApiKey | None:
        """The key as it stands."""
        return self.known.get(id_)

    def add(self, key: ApiKey) -> bool:
        """Store a new key; False, and nothing done, where its id is taken."""
        return self.known.setdefault(key.id, key) is key

    def issued(self) -> Collection[ApiKey]:
        """All keys, the oldest first."""
        return sorted(self.known.values(), key=lambda key: (key.created_at, key.id))

    def revoke(self, id_: str, now: datetime) -> bool:
        """Make the key void from `now` on; False where there is no such key, or it was revoked before."""
        key = self.known.get(id_)
        if key is None or key.revoked_at:
            return False
        self.known[id_] = replace(key, revoked_at=now)
        return True


@dataclass
class MemoryTokens:
    """Tokens by source; nobody else is ever at work here."""

    stored: dict[str, Token] = field(default_factory=dict)

    def token(self, source: str) -> Token | None:
        """The token stored."""
        return self.stored.get(source)

    def renewed(self, source: str, used: Token, renew: Callable[[Token], Token | None]) -> Token | None:
        """The token after `used`."""
        stored = self.stored.get(source)
        if stored is None or stored.access != used.access:
            return stored
        bought = renew(stored)
        if bought:
            self.stored[source] = bought
        return bought


@dataclass
class MemoryApis:
    """Answers by path, the same for every source; `down` makes all of them silent, `closed` takes the credentials."""

    answers: dict[str, object] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    down: bool = False
    closed: bool = False

    def of(self, source: Source, api: Api) -> Call | None:  # noqa: ARG002  # one world for all
        """Calls that look into `answers`."""
        return None if self.closed else self.call

    def call(  # noqa: PLR0913  # as Call
        self,
        path: str,
        *,
        query: Mapping[str, str] | Sequence[tuple[str, str]] = (),  # noqa: ARG002  # the path decides
        headers: Mapping[str, str] | None = None,  # noqa: ARG002  # of a real call
        method: str = "GET",
        body: bytes = b"",  # noqa: ARG002  # of a real call
        content_type: str = "",  # noqa: ARG002  # of a real call
    ) -> object | None:
        """The answer under this path, after the method where that is not GET (`POST /oauth`)."""
        asked = path if method == "GET" else f"{method} {path}"
        self.asked.append(asked)
        if self.down:
            raise TransientError(f"{asked}: no answer")
        return self.answers.get(asked)


@dataclass
class MemoryCaps:
    """Caps and SendingStatus: counters, and the reason of a pause while there is one."""

    used: Counter[str] = field(default_factory=Counter)
    pause: str = ""
    gates: dict[str, Gate] = field(default_factory=dict)

    def take(self, caps: Sequence[Cap]) -> Cap | None:
        """All or nothing."""
        used_up = next((cap for cap in caps if self.used[cap.counter] >= cap.most), None)
        if used_up is None:
            self.used.update(cap.counter for cap in caps)
        return used_up

    def give_back(self, caps: Sequence[Cap]) -> None:
        """Count one mail less under each of them."""
        self.used.subtract(cap.counter for cap in caps if self.used[cap.counter])

    def pause_reason(self) -> str:
        """The reason why nothing may be sent now; empty where it may."""
        return self.pause

    def gate(self, channel: str) -> Gate | None:
        """The gate of the channel; None where it is open."""
        return self.gates.get(channel)

    def close(self, channel: str, gate: Gate) -> None:
        """Close the gate, unless it is closed for longer."""
        known = self.gates.get(channel)
        if known is None or known.until < gate.until:
            self.gates[channel] = gate

    def probe(self, channel: str, gate: Gate, probed: Gate) -> bool:
        """Put `probed` in the place of `gate`."""
        unchanged = channel in self.gates and self.gates[channel].until == gate.until
        if unchanged:
            self.gates[channel] = probed
        return unchanged

    def open(self, channel: str, gate: Gate) -> None:
        """Open the gate, unless it is another by now."""
        if channel in self.gates and self.gates[channel].until == gate.until:
            del self.gates[channel]


@dataclass
class MemorySendingSwitch:
    """SendingSwitch, and SendingStatus for a sender that always looks again."""

    stands: SendingPause = field(default_factory=SendingPause)

    def state(self) -> SendingPause:
        """The pause; without a reason nothing is paused."""
        return self.stands

    def stop(self, halt: SendingPause) -> bool:
        """Pause, unless somebody resumed since `halt` was read; True too where this very call did it before."""
        unturned = not self.stands.reason and self.stands.resumed_on == halt.resumed_on
        if unturned:
            self.stands = halt
        return unturned or self.stands.since == halt.since

    def resume(self, day: date) -> bool:
        """True if it was stopped."""
        stopped = bool(self.stands.reason)
        if stopped:
            self.stands = SendingPause(resumed_on=day)
        return stopped

    def pause_reason(self) -> str:
        """The reason why nothing may be sent now; empty where it may."""
        return self.stands.reason
