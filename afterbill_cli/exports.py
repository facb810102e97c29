"""Files in the bucket of the archive, which deletes them after a day, behind links of some minutes."""

import io
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from afterbill.adapters.aws.exports import LINK_SECONDS, S3Exports
from afterbill.model.spreadsheet import write_csv
from afterbill_cli.deployed import Deployed


def export(stack: Deployed, content: Any, kind: str, name: str) -> None:  # noqa: ANN401  # bytes, or a file that is open
    """Store the content, and print the link to it."""
    print(S3Exports(stack.client("s3"), stack.output("ArchiveBucketName")).put(content, kind, name))
    click.echo(f"Whoever has the link can read the file, for {LINK_SECONDS // 60} minutes.", err=True)


def export_csv(stack: Deployed, columns: Sequence[str], rows: Iterable[Mapping[str, object]], name: str) -> None:
    """Store rows as CSV, however many there are."""
    with tempfile.TemporaryFile() as file:
        text = io.TextIOWrapper(file, encoding="utf-8", errors="replace", newline="")
        write_csv(text, columns, rows)
        text.flush()
        file.seek(0)
        export(stack, file, "text/csv; charset=utf-8", name)
