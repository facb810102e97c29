"""Privacy requests in memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from afterbill.model.errors import UnreadableError, pass_over
from afterbill.model.privacy import PrivacyRequest


@dataclass
class MemoryPrivacyRequests:
    """PrivacyRequests over a dictionary; a test may say what of it is `unreadable`."""

    known: dict[str, PrivacyRequest] = field(default_factory=dict)
    unreadable: list[UnreadableError] = field(default_factory=list)

    def keep_request(self, request: PrivacyRequest) -> bool:
        """Keep a new one; False, and nothing done, where one of this id is there."""
        return self.known.setdefault(request.id, request) is request

    def store_request(self, request: PrivacyRequest) -> None:
        """Keep how far it has come."""
        self.known[request.id] = request

    def advance_request(self, request: PrivacyRequest) -> bool:
        """Keep it as the next version, unless there is one."""
        stored = self.known.get(request.id)
        if stored and stored.version != request.version:
            return False
        self.known[request.id] = replace(request, version=request.version + 1)
        return True

    def request(self, id_: str) -> PrivacyRequest | None:
        """The request as it stands."""
        return self.known.get(id_)

    def requests(self, tell: Callable[[UnreadableError], object] = pass_over) -> Sequence[PrivacyRequest]:
        """All of them, the oldest first."""
        for error in self.unreadable:
            tell(error)
        whole = (request for request in self.known.values() if "/" not in request.id)
        return sorted(whole, key=lambda request: (request.requested_at, request.id))

    def parts(self, id_: str, tell: Callable[[UnreadableError], object] = pass_over) -> Sequence[PrivacyRequest]:
        """All parts of one."""
        for error in self.unreadable:
            tell(error)
        return [request for request in self.known.values() if request.id.startswith(f"{id_}/")]
