"""`python -m afterbill_dev.local up` and `python -m afterbill_dev.local down`."""

import argparse
import sys
from pathlib import Path
from typing import Any

from afterbill_cli.configuration import SHIPPED
from afterbill_dev.local import stack
from afterbill_dev.local.configured import Wanted
from afterbill_dev.local.processes import StackError
from afterbill_dev.paths import STACK_FILE


def main() -> None:
    """Bring the stack up or down, or say why not and what to do."""
    parser = argparse.ArgumentParser(
        prog="python -m afterbill_dev.local", description="The whole stack on this machine."
    )
    parser.add_argument("command", choices=["up", "down"])
    parser.add_argument("--config", type=Path, default=SHIPPED, metavar="FOLDER", help="an operator's folder")
    parser.add_argument("--surveys", type=Path, metavar="FILE", help="more tables for surveys.toml, to try them out")
    chosen = parser.parse_args()
    try:
        if chosen.command == "up":
            _report(stack.up(Wanted(chosen.config, chosen.surveys)))
        else:
            stack.down()
    except StackError as error:
        sys.exit(str(error))


def _report(running: dict[str, Any]) -> None:
    print(f"API        {running['api_url']}")
    admin = running["console"]["admin"]
    print(f"Console    {running['console_url']}/app  ({admin['email']}, {admin['password']})")
    print(f"Inbox      {running['inbox_url']}")
    print(f"MiniStack  {running['ministack_url']}")
    print(f"The rest is in {STACK_FILE}; `make down` stops the stack.")


if __name__ == "__main__":
    main()
