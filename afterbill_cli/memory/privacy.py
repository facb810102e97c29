"""Privacy requests in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from afterbill.model.privacy import PrivacyRequest


@dataclass
class MemoryPrivacyRequests:
    """PrivacyRequests over a dictionary."""

    known: dict[str, PrivacyRequest] = field(default_factory=dict)

    def keep_request(self, request: PrivacyRequest) -> bool:
        """Keep a new one; False, and nothing done, where one of this id is there."""
        return self.known.setdefault(request.id, request) is request

    def store_request(self, request: PrivacyRequest) -> None:
        """Keep how far it has come."""
        self.known[request.id] = request

    def request(self, id_: str) -> PrivacyRequest | None:
        """The request as it stands."""
        return self.known.get(id_)

    def requests(self) -> Sequence[PrivacyRequest]:
        """All of them, the oldest first."""
        return sorted(self.known.values(), key=lambda request: (request.requested_at, request.id))
