"""Texts of customers, as long as a line of a list wants them."""

from afterbill.model.plain_text import one_line


def shortened(text: str, most: int) -> str:
    """Return the text on one line, of at most so many characters; it is cut between two words where it has any."""
    line = one_line(text)
    if len(line) <= most:
        return line
    cut = line[: most - 1]
    words = cut.rsplit(" ", 1)[0]
    return f"{words if len(words) > most // 2 else cut}…"
