"""The query of a request, read parameter by parameter: every mistake is noted under its name, then told together."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from afterbill.model.errors import AfterbillError
from afterbill.model.suggestions import did_you_mean

_Value = TypeVar("_Value")
_MOST_SHOWN = 100


class QueryError(AfterbillError):
    """A query with mistakes; `faults` are pairs of a parameter and what is wrong with it."""

    def __init__(self, faults: Iterable[tuple[str, str]]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{name}: {message}" for name, message in self.faults))


class Query:
    """The parameters of a query; those that are not in `names` are mistakes."""

    def __init__(self, pairs: Iterable[tuple[str, str]], names: Iterable[str]) -> None:
        self._pairs, self.faults = list(pairs), list[tuple[str, str]]()
        known = list(names)
        for name in dict.fromkeys(name for name, _ in self._pairs if name not in known):
            self.faults.append((name[:_MOST_SHOWN], did_you_mean(name[:_MOST_SHOWN], known)))

    def one(self, name: str, default: _Value, parse: Callable[[str], _Value]) -> _Value:
        """Return the parsed value; the default where it is not given, or is a mistake."""
        found = self.many(name, 1, parse)
        return found[0] if found else default

    def many(self, name: str, most: int, parse: Callable[[str], _Value]) -> list[_Value]:
        """Return the parsed values of a parameter that may be given so often."""
        texts = [text for given, text in self._pairs if given == name]
        if len(texts) > most:
            self.faults.append((name, "is given twice" if most == 1 else f"is given more than {most} times"))
            return []
        try:
            return [parse(text) for text in texts]
        except (ValueError, AfterbillError) as error:
            self.faults.append((name, str(error)[:300]))
            return []

    def end(self) -> None:
        """Raise QueryError if anything was a mistake."""
        if self.faults:
            raise QueryError(self.faults)


def one_of(names: Iterable[Any]) -> Callable[[str], str]:
    """Return a parser that takes these names and no others."""
    known = list(map(str, names))

    def parse(text: str) -> str:
        if text not in known:
            raise ValueError(did_you_mean(text[:_MOST_SHOWN], known, f": {', '.join(known)}"))
        return text

    return parse
