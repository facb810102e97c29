"""Suggestions for mistyped names."""

from collections.abc import Iterable


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return `"colour" is unknown; did you mean "color"?`, the question only where a name in `names` is near."""
    from difflib import get_close_matches  # noqa: PLC0415  # only mistakes pay for it

    near = get_close_matches(name, list(names), 1)
    return f'"{name}" is unknown' + (f'; did you mean "{near[0]}"?' if near else "")
