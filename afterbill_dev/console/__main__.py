"""`python -m afterbill_dev.console`: the console over a seeded year at http://127.0.0.1:8490, to look at.

With `--pictures FOLDER` it takes the pictures of the docs instead.
"""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from afterbill_dev.console.pictures import take
from afterbill_dev.console.plan import plan
from afterbill_dev.console.serving import server
from afterbill_dev.console.world import World, history

PORT = 8490


def main(arguments: list[str] | None = None) -> int:
    """Serve until it is stopped; or take the pictures."""
    parser = argparse.ArgumentParser(prog="python -m afterbill_dev.console", description=__doc__)
    parser.add_argument("--port", type=int, default=PORT, help="0 for any that is free")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="take the pictures of the docs, and end")
    given = parser.parse_args(arguments)
    if given.pictures:
        print(*take(given.pictures), sep="\n")
        return 0
    now = datetime.now(UTC)
    made = server(
        lambda origin: World(now, history(now=now), origin=origin, journey=plan(now.date())),
        given.port,
        lambda: datetime.now(UTC),
    )
    print(f"http://127.0.0.1:{made.server_port}/app/sign-in?role=admin&language=en")
    print("roles: admin, analyst, agent, viewer; languages: en, de")
    made.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
