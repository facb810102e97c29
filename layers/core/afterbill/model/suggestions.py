"""Suggestions for mistyped names."""

from collections.abc import Iterable


def did_you_mean(name: str, names: Iterable[str], otherwise: str = "") -> str:
    """Return `"colour" is unknown; did you mean "color"?`; where none is near, `otherwise` in its place."""
    from afterbill.model.check_messages import on_one_line  # noqa: PLC0415  # only mistakes pay for it

    return f'"{on_one_line(name)}" is unknown{hint(name, names) or otherwise}'


def hint(name: str, names: Iterable[str]) -> str:
    """Return `; did you mean "color"?` where a name in `names` is near, else nothing."""
    meant = nearest(name, names)
    return f'; did you mean "{meant}"?' if meant else ""


def nearest(name: str, names: Iterable[str]) -> str:
    """Return the name that is nearest, in whatever letter case; empty where none is near."""
    from difflib import get_close_matches  # noqa: PLC0415  # likewise

    spelled = {one.lower(): one for one in names}
    near = get_close_matches(name.lower(), spelled, 1)
    return spelled[near[0]] if near else ""
