"""Our words for what is no TOML: the library's own are for people who know its grammar."""

import re
import tomllib

from afterbill.model.check_messages import on_one_line

_QUOTE = "the closing quote is missing"
_BACKSLASH = 'a "\\" in a text in double quotes is written "\\\\"'
_STATEMENT = 'is neither KEY = VALUE nor [TABLE]; a comment begins with "#"'

_WORDS = {
    r"Cannot (declare|overwrite)": "{name} stands twice",
    r"Cannot (mutate|redefine)": "{name} adds to a table that is complete above",
    r"Duplicate inline table key": "a key stands twice between the braces",
    r"(Illegal|Found invalid) character '\\n'": _QUOTE,
    r"Unterminated string|Expected [\"']+'": f"{_QUOTE}, here or above",
    r"(Illegal|Found invalid) character": "holds a character that cannot be printed",
    r"Expected ']": 'the closing "]" is missing, or the name needs quotes',
    r"Unclosed array": 'the closing "]" of a list or a comma in it is missing, here or above',
    r"Unclosed inline table": 'the closing "}}" or a comma is missing',
    r"Expected newline": "must end after its value: a text stands in quotes, a decimal has a point",
    r"Invalid value": "is no value: a text stands in straight quotes, true and false in small letters",
    r"Invalid date": "there is no such day or time",
    r"Unescaped|Invalid hex|Escaped": _BACKSLASH,
    r"Expected '='|Invalid (statement|initial)": _STATEMENT,
}
"""What to say by the beginning of the library's message, the first that fits."""

_NAME = re.compile(r"\s*(\[[^\]]*\]+|[^=]*[^=\s])")


def toml_mistake(error: tomllib.TOMLDecodeError, text: str) -> str:
    """Return the line of a text that is no TOML, what is wrong with it, and the line itself."""
    # The line stands in the message only, until Python 3.14.
    what, _, place = str(error).removesuffix(")").partition(" (at ")
    lines = text.splitlines() or [""]
    number = int(digits[0]) if (digits := re.findall(r"\d+", place)) else len(lines)
    line = lines[number - 1].strip()
    words = next((words for begins, words in _WORDS.items() if re.match(begins, what)), "is no TOML")
    name = found[1] if (found := _NAME.match(line)) else ""
    return f"line {number}: {words.format(name=on_one_line(name))}: {on_one_line(line)}"
