"""`make build` and `make deploy`: the configuration of an operator's folder, checked, built, deployed."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from afterbill.model.errors import AfterbillError
from afterbill_cli import samconfig
from afterbill_cli.configuration import SHIPPED
from afterbill_dev.deploy import sam


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 when it is done, 1 after one line that says what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m afterbill_dev.deploy", description=__doc__)
    parser.add_argument("command", choices=["build", "deploy"])
    parser.add_argument("--config", type=Path, default=SHIPPED, metavar="FOLDER", help="the operator's folder")
    parser.add_argument("--environment", default=samconfig.USUAL, metavar="NAME", help="of its samconfig.toml")
    parser.add_argument("--runtime", default="", help="such as python3.12; default: that of its samconfig.toml")
    chosen = parser.parse_args(arguments)
    try:
        wanted = sam.release(chosen.config, chosen.environment, chosen.runtime)
        if chosen.command == "deploy":
            sam.deployment_options(wanted)  # what is missing is told before the build, not after it
        sam.build(wanted)
        if chosen.command == "deploy":
            sam.deploy(wanted)
    except AfterbillError as error:
        print(f"make {chosen.command}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
