"""`afterbill privacy verify`: whether a receipt is genuine."""

from pathlib import Path

import click

from afterbill.model.plain_text import one_line
from afterbill.privacy.receipt import LARGEST, VERSION, Verdict, parts, verify
from afterbill_cli import deployed, options
from afterbill_cli.deployed import Deployed
from afterbill_cli.options import StackChoice
from afterbill_cli.output import Output, print_json
from afterbill_cli.privacy.deps import PrivacyDeps

_SAID = {
    Verdict.NO_RECEIPT: "This is no receipt: it is no JSON, it was cut off, or it lacks what every receipt says.",
    Verdict.OTHER_VERSION: f"This receipt is of another version than {VERSION}: this afterbill cannot judge it.",
    Verdict.OTHER_STACK: "This receipt says that it is of another stack: ask there.",
    Verdict.CHANGED: "This receipt was changed, or was never signed by this stack.",
}


@click.command("verify")
@click.argument("file", type=options.FILE, metavar="FILE")
@options.output()
@options.stack
def command(*, file: Path, output: Output, choice: StackChoice) -> int:
    """Tell whether a receipt is genuine.

    Exit code 1 says that it is not. It needs the stack that signed it: the key is derived from its KeysSecret,
    and nobody else can check a receipt.
    """
    return verify_file(deployed.connect(choice), file, output)


def verify_file(stack: Deployed, file: Path, output: Output = Output.TABLE) -> int:
    """Print whether the receipt in a file is genuine: 0 if so, else 1."""
    with file.open("rb") as opened:
        content = opened.read(LARGEST + 1)
    verdict = verify(content, stack.name, PrivacyDeps(stack, "privacy verify", "").keys.receipt_key())
    genuine = verdict is Verdict.GENUINE
    if output is Output.JSON:
        print_json({"genuine": genuine, "verdict": verdict.value, "receipt": dict(parts(content)) if genuine else None})
    else:
        print(_genuine(content) if genuine else _SAID[verdict])
    return 0 if genuine else 1


def _genuine(content: bytes) -> str:
    said = parts(content)
    end = f"done {said['done_at']}" if said["done_at"] else f"{said['state']}, not done on {said['issued_at']}"
    return one_line(f"Genuine: request {said['request']}, {said['kind']}, {end}, by stack {said['stack']}.")
