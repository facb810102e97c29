"""Settings that still hold the shipped example, such as the imprint, which only the operator knows."""

import re
from collections.abc import Mapping

COMPANY = "Example GmbH"
_NAMES = frozenset({COMPANY, "Example"})
_IMPRINT = "Musterstraße"
_DOMAIN = re.compile(r"(?<![\w-])example\.(?:com|net|org)\b")


def is_example(text: str) -> bool:
    """Return whether a text names a domain that is kept for examples (RFC 2606), where nobody sends or reads mail."""
    return bool(_DOMAIN.search(text))


def examples(brand: Mapping[str, object]) -> list[str]:
    """Return the settings of brand.toml that customers must not read: names, imprint and addresses of the example."""
    named = [key for key in ("company", "product", "sender_name") if brand.get(key) in _NAMES]
    imprint = ["imprint"] if _IMPRINT in str(brand.get("imprint", "")) else []
    return named + imprint + [key for key, value in brand.items() if isinstance(value, str) and is_example(value)]
