"""APIs of billing systems in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from afterbill.intake.connector import Api, Call
from afterbill.model.errors import TransientError
from afterbill.model.webhooks import Source


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
