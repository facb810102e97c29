"""The server over stdio, by the SDK of the Model Context Protocol: tools alone, no resources, prompts or sampling."""

import asyncio
import logging
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.types import CallToolRequestParams, CallToolResult, ListToolsResult, TextContent, Tool, ToolAnnotations

from afterbill.model.errors import AfterbillError, TransientError
from afterbill_cli.aws_errors import explained
from afterbill_cli.mcp.shapes import clean, written
from afterbill_cli.mcp.tools import INSTRUCTIONS, TOOLS, ToolShape

Answer = Callable[[str, Mapping[str, Any], datetime], dict[str, Any]]
"""The result of a tool by its name and arguments; AfterbillError says what is wrong."""

_BROKEN = "the server failed at this call; its own log (stderr) says where"


def serve(answer: Answer) -> None:
    """Answer on stdin and stdout until stdin ends."""
    # What the SDK logs of a message that it cannot read may hold the message.
    logging.getLogger("mcp").addHandler(logging.NullHandler())
    logging.getLogger("mcp").propagate = False
    asyncio.run(_serve(answer))


async def _serve(answer: Answer) -> None:
    server = server_of(answer)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


def server_of(answer: Answer) -> Server[Any]:
    """Return the server of these answers; calls are answered one after the other."""
    turn = asyncio.Lock()

    async def tools(_context: Any, _params: Any) -> ListToolsResult:  # noqa: ANN401  # the SDK's
        return ListToolsResult(tools=[_tool(name, shape) for name, shape in TOOLS.items()])

    async def call(_context: Any, params: CallToolRequestParams) -> CallToolResult:  # noqa: ANN401  # the SDK's
        async with turn:
            return await asyncio.to_thread(_answered, answer, params.name, params.arguments or {})

    return Server(
        "afterbill",
        version=version("afterbill"),
        instructions=INSTRUCTIONS,
        on_list_tools=tools,
        on_call_tool=call,
    )


def _tool(name: str, shape: ToolShape) -> Tool:
    harmless = ToolAnnotations(
        title=shape.title, read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
    )
    return Tool(
        name=name,
        title=shape.title,
        description=shape.about,
        input_schema=shape.schema,
        output_schema=dict(shape.gives),
        annotations=harmless,
    )


def _answered(answer: Answer, name: str, given: Mapping[str, Any]) -> CallToolResult:
    """Return the result of a call, or what is wrong; a line on stderr says how it ended, and nothing of its content."""
    began = time.monotonic()
    try:
        body = answer(name, given, datetime.now(UTC))
    except (AfterbillError, BotoCoreError, ClientError) as error:
        _log(name, type(error).__name__, began)
        return _failed(clean(_told(error), longest=1000))
    except Exception as error:  # noqa: BLE001  # the client gets an answer, and the log the place
        _log(name, f"{type(error).__name__} at {_place(error)}", began)
        return _failed(_BROKEN)
    _log(name, "answered", began)
    return CallToolResult(content=[TextContent(text=written(body))], structured_content=body)


def _failed(message: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=message)], is_error=True)


def _told(error: Exception) -> str:
    if isinstance(error, TransientError):
        return (explained(error.__cause__) if error.__cause__ else None) or str(error)
    return str(error) if isinstance(error, AfterbillError) else explained(error) or type(error).__name__


def _place(error: Exception) -> str:
    """Return the file and the line at which the error was raised."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "an unknown place"


def _log(name: str, ended: str, began: float) -> None:
    tool = name if name in TOOLS else "an unknown tool"
    print(f"mcp: {tool}: {ended}, {1000 * (time.monotonic() - began):.0f} ms", file=sys.stderr, flush=True)
