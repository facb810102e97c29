"""Suggestions for mistyped names."""

from collections.abc import Iterable


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return `"colour" is unknown; did you mean "color"?`, the question only where a name in `names` is near."""
    from afterbill.model.check_messages import on_one_line  # noqa: PLC0415  # only mistakes pay for it

    return f'"{on_one_line(name)}" is unknown{hint(name, names)}'


def hint(name: str, names: Iterable[str]) -> str:
    """Return `; did you mean "color"?` where a name in `names` is near, else nothing."""
    from difflib import get_close_matches  # noqa: PLC0415  # likewise

    near = get_close_matches(name, list(names), 1)
    return f'; did you mean "{near[0]}"?' if near else ""
