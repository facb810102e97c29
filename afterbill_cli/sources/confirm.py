"""`afterbill source confirm`: the provider itself vouches for a verifier that came with a handshake (FreshBooks)."""

import json
from urllib.parse import quote

from afterbill.connectors import registry
from afterbill.intake.connector import Call
from afterbill.intake.ports import BillingApis
from afterbill.model.errors import AfterbillError, ConfigurationError, PayloadError
from afterbill.model.plain_text import one_line
from afterbill.model.webhooks import Source
from afterbill_cli import tasks
from afterbill_cli.deployed import Deployed
from afterbill_cli.sources import stack_secrets
from afterbill_cli.sources.stack_secrets import with_secret


def confirm(source: Source, deployed: Deployed, apis: BillingApis | None = None) -> int:
    """Confirm every verifier that waits; only one that the provider takes becomes a signing secret."""
    waiting = [task for task in tasks.read(deployed, [source.name]) if task.kind == tasks.VERIFIER]
    if not waiting:
        print(f"No verifier waits: register a callback for {source.name} first, then try again after a minute.")
        return 0
    call = _call(source, apis or stack_secrets.apis(deployed))
    refused = [task for task in waiting if not _confirm(task, source, call, deployed)]
    return 1 if refused else 0


def _call(source: Source, apis: BillingApis) -> Call:
    api = registry.load(source.provider).API
    call = apis.of(source, api) if api else None
    if call is None:
        raise ConfigurationError(f"source {source.name} has no credentials for its API: `afterbill source add` asks")
    return call


def _confirm(task: tasks.Task, source: Source, call: Call, deployed: Deployed) -> bool:
    verifier, account = task.details.get("verifier", ""), source.account or task.details.get("account", "")
    if not account:
        raise ConfigurationError(f"surveys.toml: sources.{source.name}.account is missing: callbacks belong to it")
    callback = task.details.get("callback", "")
    path = f"/events/account/{quote(account, safe='')}/events/callbacks/{quote(callback, safe='')}"
    body = json.dumps({"callback": {"callback_id": int(callback), "verifier": verifier}}).encode()
    try:
        taken = call(path, method="PUT", body=body) is not None
    except PayloadError:
        taken = False
    except AfterbillError as error:
        print(one_line(f"callback {callback}: {error}"))
        print(f"callback {callback}: not confirmed, its verifier waits on")
        return False
    if not taken:
        tasks.remove(deployed, task)
        print(f"callback {callback}: refused, its verifier is not trusted and waits no more")
        return False
    book = stack_secrets.signing(deployed)
    book.write(source.name, with_secret(book.read().get(source.name), verifier, source.provider))
    tasks.mark_done(deployed, task.source, task.kind, task.id)
    print(f"callback {callback}: confirmed, its verifier now counts as a signing secret")
    return True
