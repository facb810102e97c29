"""One conversation of the official client with `afterbill mcp`: every tool, and everything that can be wrong."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mcp import ClientSession, StdioServerParameters, stdio_client
from mcp.types import CallToolResult, InitializeResult, Tool

from afterbill_cli.mcp.tools import TOOLS
from tests.unit.cli.served_to_assistants import PROGRAM

ROOT = Path(__file__).resolve().parents[3]
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    *((name, {}) for name in TOOLS),
    ("score", {"by": "touchpoint"}),
    ("segments", {"dimension": "plan"}),
    ("trend", {"window": "2026-11", "where": "plan=Team"}),
    ("comments", {"limit": 25}),
    ("comments", {"touchpoint": "refunded"}),
    ("comments", {"rating": "0-2", "touchpoint": "order_paid", "limit": 1}),
    ("trend", {"window": "7d"}),
    ("trend", {"window": "45d"}),
    ("trend", {"widow": "7d"}),
    ("trend", {"where": "shoe=42"}),
    ("trend", {"question": 7}),
    ("trend", {"question": "happiness"}),
    ("segments", {"dimension": "plam"}),
    ("comments", {"limit": 1000}),
    ("comments", {"rating": "9-3"}),
    ("erase_customer", {"id": "customer-1"}),
)


@dataclass
class Conversation:
    """All of CALLS with one server; `said` are its results in their order, `log` its stderr."""

    opened: InitializeResult
    tools: list[Tool]
    said: list[CallToolResult] = field(default_factory=list)
    acts: list[dict[str, Any]] = field(default_factory=list)
    log: str = ""

    def result(self, name: str, **given: Any) -> CallToolResult:
        return self.said[CALLS.index((name, given))]

    def body(self, name: str, **given: Any) -> dict[str, Any]:
        result = self.result(name, **given)
        assert not result.is_error, result.content
        assert result.structured_content is not None
        return result.structured_content

    def refusal(self, name: str, **given: Any) -> str:
        result = self.result(name, **given)
        assert (result.is_error, result.structured_content) == (True, None)
        return text_of(result)


def text_of(result: CallToolResult) -> str:
    [content] = result.content
    assert content.type == "text"
    return content.text


def served(audit: Path, *options: str) -> StdioServerParameters:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return StdioServerParameters(
        command=sys.executable, args=["-c", PROGRAM, str(audit), *options], env=environment, cwd=str(ROOT)
    )


@cache
def conversation(*options: str) -> Conversation:
    with TemporaryDirectory() as folder:
        audit, log = Path(folder) / "audit.json", Path(folder) / "stderr"
        with log.open("w", encoding="utf-8") as stderr:
            held = asyncio.run(_hold(served(audit, *options), stderr))
        held.acts, held.log = json.loads(audit.read_text()), log.read_text()
    return held


async def _hold(parameters: StdioServerParameters, stderr: Any) -> Conversation:
    async with stdio_client(parameters, stderr) as (read, write), ClientSession(read, write) as session:
        held = Conversation(await session.initialize(), (await session.list_tools()).tools)
        for name, given in CALLS:
            held.said.append(await session.call_tool(name, given))
    return held
