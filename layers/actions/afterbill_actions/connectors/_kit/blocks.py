"""Marked blocks: our lines in a text that others edit too, such as the note of an order.

A block begins and ends with a line that names its mark. Nothing outside of a block is ever changed or lost.
"""

import re
from functools import cache


def block(mark: str, text: str) -> str:
    """Return a block of these lines."""
    return f"{_begin(mark)}\n{_without_mark(text, mark)}\n{_end(mark)}"


def found(whole: str, mark: str) -> str:
    """Return the last block of this mark as it stands there; empty where there is none."""
    blocks = _pattern(mark).findall(whole)
    return str(blocks[-1]).replace("\r\n", "\n") if blocks else ""


def with_block(whole: str, new: str, mark: str, most: int) -> str | None:
    """Return the text with this block in the place of ours, or at its end; None where it would be too long.

    Blocks of the same mark that stand there twice become one.
    """
    first = _pattern(mark).search(whole)
    if first is None:
        changed = f"{whole.rstrip()}\n\n{new}" if whole.strip() else new
    else:
        rest = _removed(whole[first.end() :], mark)
        changed = whole[: first.start()] + new + (rest if not rest or rest[:1] in "\r\n" else f"\n{rest}")
    return changed if length(changed) <= most else None


def without_block(whole: str, mark: str) -> str:
    """Return the text without our blocks, and without the empty lines that came with them."""
    rest = _removed(whole, mark)
    return rest.lstrip("\r\n") if _pattern(mark).match(whole) else rest


def is_broken(whole: str, mark: str) -> bool:
    """Tell whether a line of ours stands there alone: somebody cut a block, and nobody knows what belongs to it."""
    rest = _pattern(mark).sub("", whole)
    return _begin(mark) in rest or _end(mark) in rest


def length(text: str) -> int:
    """Return the characters of a text as UTF-16 counts them, which is never fewer than any other way."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _removed(whole: str, mark: str) -> str:
    return re.sub(rf"(?:\r?\n)*{_pattern(mark).pattern}", "", whole, flags=re.DOTALL)


def _begin(mark: str) -> str:
    return f"--- {mark} ---"


def _end(mark: str) -> str:
    return f"--- end of {mark} ---"


@cache
def _pattern(mark: str) -> re.Pattern[str]:
    """The last begin before an end, so that a lone line of ours never takes in what others wrote after it."""
    begin, end = re.escape(_begin(mark)), re.escape(_end(mark))
    return re.compile(rf"{begin}(?:(?!{begin}).)*?{end}", re.DOTALL)


def _without_mark(text: str, mark: str) -> str:
    """Words of a customer could end a block before its end."""
    return text.replace(mark, "")
