"""`afterbill privacy papers`: write the papers of data protection, filled with the values of a stack."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import click

from afterbill.content.brand import brand_of
from afterbill.model.errors import AfterbillError
from afterbill.settings.config import read_toml
from afterbill_cli import deployed, options
from afterbill_cli.configuration import BRAND
from afterbill_cli.deployed import Deployed
from afterbill_cli.options import StackChoice
from afterbill_cli.output import Output, aligned, print_json
from afterbill_cli.privacy.papers.facts import facts_of
from afterbill_cli.privacy.papers.filling import Filled, filled
from afterbill_cli.privacy.papers.words import Language


@click.command("papers")
@click.option(
    "--language", type=options.OneOf(Language), help="Write the papers in this language only; default: in both."
)
@click.option("--out", type=options.FILE, metavar="DIR", help="Write the papers into this folder; default: list them.")
@click.option("--force", is_flag=True, help="Replace papers that are in the folder.")
@options.output()
@options.stack
def command(*, language: str | None, out: Path | None, force: bool, output: Output, choice: StackChoice) -> int:
    """Write the papers of data protection, as templates.

    In German and English: record of processing, measures, notice to customers, retention periods, sheet for the
    processor agreement, list of transfers. They hold the values of the stack; what it cannot know is a gap to fill in.
    They are no legal advice.
    """
    languages = [Language(language)] if language else list(Language)
    papers = papers_of(deployed.connect(choice), languages, datetime.now(UTC).date())
    if out:
        write(papers, out, replace=force)
    if output is Output.JSON:
        print_json([_stated(paper, out) for paper in papers])
        return 0
    heads = ("language", "file", "gaps", "title")
    rows = [(str(paper.language), paper.file, str(paper.gaps), paper.title) for paper in papers]
    print("\n".join(aligned([heads, *rows])))
    return 0


def papers_of(stack: Deployed, languages: Sequence[Language], today: date) -> Sequence[Filled]:
    """Return the papers of a stack; ConfigurationError where it is of an older version or its files are wrong."""
    facts = facts_of(stack, stack.policy(), brand_of(read_toml(stack.config / BRAND)), today)
    return [paper for language in languages for paper in filled(facts, language)]


def write(papers: Sequence[Filled], folder: Path, *, replace: bool) -> None:
    """Write one file each; AfterbillError, and nothing written, where one is there that may not be replaced."""
    there = [paper.file for paper in papers if (folder / paper.file).exists()]
    if there and not replace:
        raise AfterbillError(f"{folder} holds {', '.join(there)}, perhaps filled in: add --force to replace them")
    folder.mkdir(parents=True, exist_ok=True)
    for paper in papers:
        (folder / paper.file).write_text(paper.text, encoding="utf-8")


def _stated(paper: Filled, out: Path | None) -> dict[str, object]:
    written = {"path": str(out / paper.file)} if out else {}
    return {"language": str(paper.language), "file": paper.file, "title": paper.title, "gaps": paper.gaps} | written
