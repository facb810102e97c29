"""HTTP: reports and answers for programs that have a key."""

from typing import Any


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer that nothing is served yet."""
    return {"statusCode": 404, "body": ""}
