"""The wishes of one operator: the language, how often a digest comes, and which alerts do."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from afterbill_console.roles import Right, Role, rights_of


class Cadence(StrEnum):
    """The time between two digests."""

    WEEKLY = "weekly"
    DAILY = "daily"
    MONTHLY = "monthly"
    OFF = "off"


class Alert(StrEnum):
    """The events that a mail tells at once."""

    LOW_SCORE = "low_score"
    DROP = "drop"
    SILENCE = "silence"
    RESPONSE_RATE = "response_rate"


NEEDS: Mapping[Alert, Right] = {
    Alert.LOW_SCORE: Right.COMMENTS,
    Alert.DROP: Right.FIGURES,
    Alert.SILENCE: Right.STACK,
    Alert.RESPONSE_RATE: Right.FIGURES,
}
"""The right without which an alert is not sent, whatever was chosen."""

_USUAL: Mapping[Role, frozenset[Alert]] = {
    Role.ADMIN: frozenset(Alert),
    Role.AGENT: frozenset({Alert.LOW_SCORE}),
}


def offered(roles: Collection[Role]) -> tuple[Alert, ...]:
    """Return the alerts that somebody with these roles may choose."""
    rights = rights_of(roles)
    return tuple(alert for alert in Alert if NEEDS[alert] in rights)


@dataclass(frozen=True, slots=True)
class Choices:
    """The choices of an operator; `language` empty and `alerts` None where nothing was: then the usual holds."""

    language: str = ""
    digest: Cadence = Cadence.WEEKLY
    alerts: frozenset[Alert] | None = None

    def wanted(self, roles: Collection[Role]) -> frozenset[Alert]:
        """Return the alerts that are sent to somebody with these roles."""
        usual = frozenset(alert for role in roles for alert in _USUAL.get(role, ()))
        return (usual if self.alerts is None else self.alerts) & frozenset(offered(roles))
