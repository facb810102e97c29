"""The switch of all sending in memory."""

from dataclasses import dataclass, field
from datetime import date

from afterbill.outreach.reputation import SendingPause


@dataclass
class MemorySendingSwitch:
    """Switch, and Halts for a sender that always looks again."""

    stands: SendingPause = field(default_factory=SendingPause)

    def state(self) -> SendingPause:
        """How it stands."""
        return self.stands

    def stop(self, halt: SendingPause) -> bool:
        """Whether it was as `halt` knows it, or is so by this very call."""
        unturned = not self.stands.reason and self.stands.resumed_on == halt.resumed_on
        if unturned:
            self.stands = halt
        return unturned or self.stands.since == halt.since

    def resume(self, day: date) -> bool:
        """Whether it was stopped."""
        stopped = bool(self.stands.reason)
        if stopped:
            self.stands = SendingPause(resumed_on=day)
        return stopped

    def pause_reason(self) -> str:
        """Why nothing may be sent now."""
        return self.stands.reason
