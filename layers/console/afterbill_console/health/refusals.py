"""The reasons for which webhooks are refused, each with its remedy."""

from afterbill.connectors import registry
from afterbill.model.webhooks import MAX_BODY_BYTES, TOLERANCE, Refusal, Source

NOT_WEBHOOKS = frozenset({"method_not_allowed", "unknown_source"})
"""Reasons that say nothing of a source: visits with a browser, and webhooks from before it was deployed."""
_ANYBODY = "or it was a stranger's"
_MINUTES = TOLERANCE.seconds // 60
_UNTIMELY = (
    f"signed more than {_MINUTES} minutes before or after it came: it was held back, a clock is wrong, {_ANYBODY}"
)
_REMEDIES: dict[str, str] = {
    Refusal.MISSING: f"switch signing on in {{title}}, {{guide}}; {_ANYBODY}",
    Refusal.MALFORMED: f"something between changes the signature, {{guide}}; {_ANYBODY}",
    Refusal.MISMATCH: f"{{title}} signs with another secret: store that one with `{{add}}`; {_ANYBODY}",
    Refusal.STALE: _UNTIMELY,
    Refusal.FUTURE: _UNTIMELY,
    "too_large": f"larger than {MAX_BODY_BYTES:,} bytes: choose in {{title}} only the events of {{guide}}; {_ANYBODY}",
    "refused": f"{{title}} says that it did not send it: compare the source's settings with {{guide}}; {_ANYBODY}",
}
"""By the reason in the log; `refused` is what the billing system disowned when it was asked."""


def remedy(source: Source, reason: str) -> str:
    """Return what may be wrong where this source's webhooks are refused for this reason, and what to do."""
    named = f" --name {source.name}" if source.name != source.provider else ""
    return _REMEDIES.get(reason, "{guide} says how to connect it").format(
        title=registry.load(source.provider).ABOUT.title,
        guide=f"docs/providers/{source.provider}.md",
        add=f"afterbill source add {source.provider}{named}",
    )
