"""Cross-origin requests: pages of the configured origins may call us, no others."""

from collections.abc import Collection, Mapping

_HOUR = "3600"


def permitted(origin: str, origins: Collection[str]) -> Mapping[str, str] | None:
    """Return the headers of every answer to this origin (Fetch standard, section 3.3); None where it may not call.

    Nothing is granted by a wildcard or a part of a name, and no cookies are ever wanted.
    """
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"} if origin in origins else None


def preflight(granted: Mapping[str, str]) -> Mapping[str, str]:
    """Return the headers of the answer to a browser's preflight request."""
    return {
        **granted,
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": "content-type",
        "Access-Control-Max-Age": _HOUR,
    }
