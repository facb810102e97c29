"""The ports of digests and alerts: protocols of what they need of the world."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from afterbill_console.digest.state import NoticeState
from afterbill_console.roles import Right, Role, rights_of


@dataclass(frozen=True, slots=True)
class Recipient:
    """An operator who takes mail. The address is read when it is needed, and stored nowhere else."""

    operator: str
    address: str
    roles: frozenset[Role]

    def may(self, right: Right) -> bool:
        """Return whether a mail to them may hold this."""
        return right in rights_of(self.roles)


class Recipients(Protocol):
    """The user pool, as far as mails need it."""

    def recipients(self) -> Sequence[Recipient]:
        """Return all who may be written to now: enabled, confirmed, with a verified address and a role."""


class Claims(Protocol):
    """The claims of mails to operators: what is claimed is handed over at most once."""

    def claim(self, operator: str, name: str, now: datetime, until: datetime) -> bool:
        """Claim a mail, or a part of one, `until` then; False while somebody else holds it.

        `now` is the moment of a run, and tells its claims from those of another one.
        """

    def hand(self, operator: str, names: Sequence[str]) -> None:
        """Note of claims that their mail was taken, and can be released no more."""

    def release(self, operator: str, names: Sequence[str]) -> None:
        """Give claims up whose mail was refused; those that were handed over stay."""


class Notices(Protocol):
    """The state that one run leaves to the next: one item."""

    def load(self) -> NoticeState:
        """Return the state, a new one where there is none."""

    def store(self, state: NoticeState, before: NoticeState) -> bool:
        """Store the state in the place of `before`; False, and nothing done, where another run was faster."""


class OpenTasks(Protocol):
    """The decisions that wait for a person."""

    def open_tasks(self, now: datetime) -> int:
        """Return the number of tasks that are open."""
