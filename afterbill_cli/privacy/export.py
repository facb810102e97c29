"""`afterbill privacy export`: all that is stored about a person, as JSON or as a page in their language."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from afterbill.adapters.dynamodb.contacts import ContactsTable
from afterbill.connectors.registry import load
from afterbill.content.brand import Brand, brand_of
from afterbill.content.wording import choose_locale
from afterbill.model.errors import AfterbillError
from afterbill.model.plain_text import harmless
from afterbill.model.privacy import PrivacyRequest, RequestKind, RequestState
from afterbill.model.suggestions import did_you_mean
from afterbill.privacy.export import Exporter, Keeper, export, language_of
from afterbill.settings.config import Catalogs, read_toml
from afterbill_actions.adapters.effects import EffectsTable
from afterbill_actions.connectors import registry
from afterbill_actions.held_elsewhere import HeldElsewhere
from afterbill_cli import configuration, deployed, options
from afterbill_cli.data_export.page import DataExportPage
from afterbill_cli.deployed import Deployed
from afterbill_cli.options import StackChoice
from afterbill_cli.output import print_json, written_json
from afterbill_cli.people.who import Whom, find_whom
from afterbill_cli.privacy.deps import PrivacyDeps, agreed, done_now, now_utc, tell_nobody, tell_whom
from afterbill_cli.privacy.periods import copies_days
from afterbill_cli.workflows import configured

_JSON, _HTML = "json", "html"


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """The person an export is about, or the `request` that asks for it, and its form; `language` is the page's."""

    who: str = ""
    request: str = ""
    why: str = ""
    form: str = _JSON
    language: str = ""
    out: Path | None = None
    yes: bool = False


@click.command("export")
@click.argument("who", metavar="[WHO]", required=False, default="")
@click.option("--request", default="", metavar="ID", help="Fetch the export of this request, and mark it as done.")
@click.option("--format", "form", type=options.OneOf([_JSON, _HTML]), default=_JSON, help="Form; default: json.")
@click.option("--language", default="", metavar="TAG", help="Language of the page; default: the customer's.")
@click.option("--out", type=options.FILE, metavar="FILE", help="Write to this file, readable by you alone.")
@click.option("--yes", is_flag=True, help="Do not ask where several customers are found.")
@options.why
@options.stack
def command(*, choice: StackChoice, **chosen: Any) -> int:  # noqa: ANN401  # its options
    """Export all that is stored about a person.

    WHO is as with `afterbill privacy erase`. docs/data-export.md describes the JSON; the page is for the person.

    A comment belongs to the export of its author, even if it names others. To find comments that name somebody, search
    by words: `afterbill responses --window 365d --contains WORD`.
    """
    asked = ExportOptions(**chosen)
    if bool(asked.who) == bool(asked.request):
        raise click.UsageError("say either WHO or --request ID")
    return export_whom(deployed.connect(choice), asked)


def export_whom(stack: Deployed, chosen: ExportOptions, clock: Callable[[], datetime] = now_utc) -> int:
    """Write the export; 0 too where nobody is known, of whom programs get a document without records."""
    _check_language(stack, chosen.language)
    deps = PrivacyDeps(stack, "privacy export", chosen.why)
    request = _waiting(deps, chosen.request) if chosen.request else None
    whom = _meant(request) if request else find_whom(deps.lookup, chosen.who)
    deps.acts.note(whom.ids)
    if whom.nobody:
        tell_nobody(whom)
    if not whom.nobody or chosen.form == _JSON:
        _write(deps, whom, chosen, clock)
    if request:
        deps.requests.store_request(done_now(request, clock()))
    return 0


def _check_language(stack: Deployed, language: str) -> None:
    """Refuse a language in which there are no texts, before anything is read."""
    if not language:
        return
    with configuration.completed(stack.config) as whole:
        languages = list(Catalogs(whole / "locales"))
    if not choose_locale(language, languages, ""):
        told = did_you_mean(language, languages, f", unlike {', '.join(languages)}")
        raise click.UsageError(f"--language: {told}")


def _waiting(deps: PrivacyDeps, id_: str) -> PrivacyRequest:
    """Return the request for an export that nobody fetched yet."""
    request = deps.requests.request(id_)
    if request is None or request.kind is not RequestKind.EXPORT:
        raise AfterbillError(f"there is no request {id_} for an export: `afterbill privacy requests` lists them")
    if request.state is RequestState.DONE:
        fetched = f" on {request.done_at:%Y-%m-%d}" if request.done_at else ""
        raise AfterbillError(f"request {id_} was answered{fetched}: export WHO to make a new one")
    return request


def _meant(request: PrivacyRequest) -> Whom:
    return Whom(tuple(sorted(request.customer_ids)), tuple(sorted(request.invitation_ids)))


def _write(deps: PrivacyDeps, whom: Whom, chosen: ExportOptions, clock: Callable[[], datetime]) -> None:
    brand = brand_of(read_toml(deps.stack.config / configuration.BRAND))
    keeper = _keeper(deps.stack, brand)
    held = _exporter(deps, keeper).held(whom.customer_ids, whom.invitation_ids)
    if len(held) > 1:
        tell_whom([one.person for one in held])
        agreed("All of them will be in one export.", yes=chosen.yes)
    document = export(held, keeper, clock())
    if chosen.form == _HTML:
        _put(_page(deps.stack, brand, document, chosen.language or language_of(held)), chosen.out)
    elif chosen.out:
        _put(written_json(document), chosen.out)
    else:
        print_json(document)


def _exporter(deps: PrivacyDeps, keeper: Keeper) -> Exporter:
    place = deps.stack.client("dynamodb"), deps.stack.output("TableName")
    connections = configured.actions(deps.stack).connections
    elsewhere = HeldElsewhere(EffectsTable(*place), connections, registry.load)
    return Exporter(deps.people, deps.requests, ContactsTable(*place).contacts, deps.hash_number, keeper, elsewhere)


def _keeper(stack: Deployed, brand: Brand) -> Keeper:
    policy = stack.policy()
    asked = frozenset(name for name, source in policy.sources.items() if load(source.provider).API)
    return Keeper(brand.company, brand.reply_to, policy.time_zone, policy.retention, asked, copies_days(stack))


def _page(stack: Deployed, brand: Brand, document: Mapping[str, Any], language: str | None) -> str:
    with configuration.completed(stack.config) as whole:
        return DataExportPage(brand, Catalogs(whole / "locales", brand.informal)).html(document, language)


def _put(text: str, file: Path | None) -> None:
    """Print the text, or write it to a file that only its owner may read."""
    if file is None:
        print(harmless(text))
        return
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.fchmod(descriptor, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text + "\n")
