"""One request of a person who is signed in, as pages take it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from afterbill.runtime.http import Request
from afterbill_actions.texts import Texts
from afterbill_console.answer import Answer
from afterbill_console.filters import Filters
from afterbill_console.numbers import Numbers
from afterbill_console.roles import Right
from afterbill_console.sessions import Session


@dataclass(frozen=True, slots=True)
class Visit:
    """One look of an operator at an address; `parameters` are the parts of the path that vary."""

    session: Session
    request: Request
    parameters: Mapping[str, str]
    filters: Filters
    now: datetime
    today: date
    t: Texts
    numbers: Numbers
    form: Mapping[str, str] = field(default_factory=dict)

    def may(self, right: Right) -> bool:
        """Return whether the operator may see this."""
        return right in self.session.rights

    @property
    def who(self) -> str:
        """The operator as the audit trail names one."""
        return f"console:{self.session.operator}"


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a page: its template, and the template's variables. `refresh` seconds later it is asked again."""

    template: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    refresh: int | None = None


Shown = Content | Answer
"""A page shows content in the layout; or it answers by itself, as with a file or another place."""
