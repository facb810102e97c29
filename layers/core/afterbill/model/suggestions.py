"""What somebody may have meant who mistyped a name."""

from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`"colour" is unknown; did you mean "color"?`, the question only where one of `known` is near."""
    from difflib import get_close_matches  # noqa: PLC0415  # only mistakes pay for it

    near = get_close_matches(name, list(known), 1)
    return f'"{name}" is unknown' + (f'; did you mean "{near[0]}"?' if near else "")
