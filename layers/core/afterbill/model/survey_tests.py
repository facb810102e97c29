"""Test surveys: an operator's own look at what customers get, which counts nowhere."""

from dataclasses import dataclass
from datetime import timedelta

SEND_TEST = "send-test"
"""The source of what `afterbill send-test` asks; no webhook endpoint can have this name."""

EXPIRY = timedelta(days=7)
"""How long a test survey can be answered."""

PATIENCE = timedelta(days=1)
"""How long one may wait after it was due, such as for a sending pause."""


@dataclass(frozen=True, slots=True)
class SurveyTests:
    """[test] of surveys.toml: only these mailboxes are asked about events of a provider's test mode, after `delay`."""

    recipients: frozenset[str] = frozenset()
    delay: timedelta = timedelta(minutes=2)
