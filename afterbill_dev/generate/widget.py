"""Make the script that operators' pages load: its source and its style sheets, without what only people need.

A small language is enough, and the source keeps to it: what would come out wrong is refused, and a browser test runs
what comes out.
"""

import re
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from string import ascii_letters

from afterbill_dev.paths import ROOT

FOLDER = ROOT / "layers" / "core" / "afterbill" / "content" / "web" / "in_product"
MADE = FOLDER / "afterbill.js"

_TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<text>"(?:\\.|[^"\\])*"|`[^`]*`)|(?P<blank>\s+)|(?P<word>[A-Za-z_][\w]*)"""
    r"|(?P<number>\d+)|(?P<dots>\.\.\.)|(?P<sign>.)",
    re.DOTALL,
)
_LET = re.compile(r"\blet ([^;]*);")
_DECLARED = re.compile(r"\bconst\s+(\w+)|\(([\w, .\[\]]*)\)\s*=>|const \[([\w, ]+)\]|catch \((\w+)\)")
_SHORT = {"true": "!0", "false": "!1"}
_OBJECT = frozenset({"=", "(", ",", ":", "?", "[", "|", "&", "return", "throw", "const", "let"})
"""Tokens before the brace of an object; after `=>` it is a function's, after others a block's."""
_GOES_ON = frozenset(";,.:?&|=<>({[")
_CONTINUES = frozenset(";,.:?&|+*/=<>)}]")
_STYLE = re.compile(r"STYLE\((\w+\.css)\)")


def made(folder: Path = FOLDER) -> str:
    """Return the content of afterbill.js."""
    source = (folder / "widget.js").read_text(encoding="utf-8")
    small = squeezed(source, renamed(source))
    return _STYLE.sub(lambda match: style((folder / match[1]).read_text(encoding="utf-8")), small) + "\n"


def style(source: str) -> str:
    """A style sheet without comments and blanks that mean nothing."""
    plain = re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL))
    plain = re.sub(r" ?([{};,>]) ?", r"\1", plain)
    plain = re.sub(r": (?=[^{}]*[;})])", ":", plain)
    plain = re.sub(r" \+ (?=span)", "+", plain).replace(" !important", "!important").replace("@media (", "@media(")
    return plain.replace(";}", "}").strip()


def renamed(source: str) -> dict[str, str]:
    """A short name for each of our own: those that occur most get the shortest."""
    tokens = ((match.lastgroup, match[0]) for match in _TOKEN.finditer(source))
    plain = "".join({"comment": "", "text": '""'}.get(str(kind), text) for kind, text in tokens)
    groups = ["".join(names) for names in _DECLARED.findall(plain)]
    groups += [one.partition("=")[0] for let in _LET.findall(plain) for one in let.split(",")]
    ours = {name for group in groups for name in re.findall(r"\w+", group)}
    often = sorted(ours, key=lambda name: (-len(re.findall(rf"\b{name}\b", source)), name))
    return dict(zip(often, _names(), strict=False))


def refuse(source: str) -> None:
    """ValueError where this would become another program: at `{ name }`, and where a semicolon is missing."""
    line, broken, braces, before = 1, False, list[str](), ("", ";")
    for match in _TOKEN.finditer(source):
        line, text = line + match[0].count("\n"), match[0]
        if match.lastgroup in {"comment", "blank"}:
            broken = broken or "\n" in text
            continue
        last, ended = before
        if broken and ended not in _GOES_ON and text not in _CONTINUES:
            raise ValueError(f"line {line}: no semicolon before {text}")
        if text in {",", "}"} and braces[-1:] == ["object"] and re.fullmatch(r"[{,] \w+", f"{last} {ended}"):
            raise ValueError(f"line {line}: say {{ {ended}: {ended} }}")
        closed = braces.pop() if text in {")", "]", "}"} else ""
        if text in {"(", "[", "{"}:
            braces.append(_kind(text, ended, last))
        before, broken = (ended, ";" if text == "}" and closed == "block" else text), False


def squeezed(source: str, names: dict[str, str]) -> str:
    """The script without comments and blanks, our names replaced; texts and properties stay as they are."""
    refuse(source)
    kept, before = list[str](), ""
    tokens = [(match.lastgroup, match[0]) for match in _TOKEN.finditer(source)]
    tokens = [(kind, text) for kind, text in tokens if kind not in {"comment", "blank"}]
    for place, (kind, text) in enumerate(tokens):
        small = text
        if kind == "word" and before != "." and not _property(tokens, place):
            small = names.get(text, _SHORT.get(text, text))
        elif kind == "text" and text.startswith("`"):
            small = re.sub(r"\$\{(\w+)\}", lambda match: f"${{{names.get(match[1], match[1])}}}", text)
        if kept and _wordly(kept[-1][-1]) and _wordly(small[0]):
            kept.append(" ")
        kept.append(small)
        before = text
    plain = re.sub(r",(?=[)\]}])|;(?=\})", "", "".join(_joined(kept)))
    return re.sub(r"(?<![\w$])\((\w+)\)=>", r"\1=>", plain)


def _joined(tokens: list[str]) -> Iterator[str]:
    """One `const` where several follow each other."""
    began, waiting, fresh, joined = [""], False, True, False
    for piece in tokens:
        if piece == " " and joined:
            continue
        joined = False
        if waiting:
            waiting = False
            if piece == "const" and began[-1] == "const":
                yield ","
                joined = True
                continue
            yield ";"
            fresh = True
        if fresh and piece != " ":
            began[-1], fresh = piece, False
        if piece in {"{", "(", "["}:
            began.append("")
            fresh = True
        elif piece in {"}", ")", "]"}:
            began.pop()
        elif piece == ";":
            waiting = True
            continue
        yield piece
    yield ";" * waiting


def _kind(opening: str, before: str, earlier: str) -> str:
    """Return the kind of a bracket: only after a block a statement may end without a semicolon."""
    if opening != "{":
        return "list"
    if before in _OBJECT:
        return "object"
    return "function" if earlier + before == "=>" else "block"


def _property(tokens: list[tuple[str | None, str]], place: int) -> bool:
    """True when this word is a key, as in `{ name: ...` or `, name: ...`."""
    after = tokens[place + 1][1] if place + 1 < len(tokens) else ""
    before = tokens[place - 1][1] if place else ""
    return after == ":" and before in {"{", ","}


def _wordly(character: str) -> bool:
    return character.isalnum() or character in "_$"


def _names() -> Iterator[str]:
    yield from ascii_letters
    yield from (
        first + second for first, second in product(ascii_letters, ascii_letters) if first + second not in _TAKEN
    )


_TAKEN = frozenset({"as", "do", "if", "in", "is", "of"})


if __name__ == "__main__":
    MADE.write_text(made(), encoding="utf-8")
    sys.stdout.write(f"{MADE.relative_to(ROOT)}: {MADE.stat().st_size} bytes\n")
