"""Which pages may speak to us from elsewhere: those of the configured origins, and no others."""

from collections.abc import Collection, Mapping

_HOUR = "3600"


def permitted(origin: str, origins: Collection[str]) -> Mapping[str, str] | None:
    """Headers of every answer to this origin (Fetch standard, section 3.3); None where it may not ask.

    Nothing is granted by a wildcard or a part of a name, and no cookies are ever wanted.
    """
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"} if origin in origins else None


def preflight(granted: Mapping[str, str]) -> Mapping[str, str]:
    """Headers of the answer to a browser that asks first."""
    return {
        **granted,
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": "content-type",
        "Access-Control-Max-Age": _HOUR,
    }
