"""`afterbill policy`: mistakes in layers/config by file and key, and what one event would do."""

import sys
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path

import click

from afterbill.connectors import registry
from afterbill.intake.capture_event import capture_event
from afterbill.intake.capture_fact import CaptureDeps, Outcome
from afterbill.model.addresses import mailbox
from afterbill.model.billing import ObjectReference, OperatorTask, ParsedElement, Touchpoint
from afterbill.model.customer import Customer
from afterbill.model.errors import AfterbillError, ConfigurationError, PayloadError
from afterbill.model.invitation import Invitation, SkipReason
from afterbill.model.plain_text import one_line
from afterbill.model.privacy import PrivacyAsk, RequestKind
from afterbill.model.retention import Retention
from afterbill.model.webhooks import Source, Webhook
from afterbill.outreach.policy import Policy
from afterbill.settings.config import written
from afterbill.settings.surveys import load_policy
from afterbill_actions.settings import ACTIONS, load_actions
from afterbill_cli import options, samples
from afterbill_cli.brand_checks import word_problems
from afterbill_cli.configuration import completed
from afterbill_cli.dry_render import dry_render
from afterbill_cli.explain.timeline import rule_of
from afterbill_cli.legal_basis import outlook
from afterbill_cli.memory.keys import MemoryApis
from afterbill_cli.memory.queues import MemoryDeadLetters, MemoryInbox, MemorySendQueue, MemoryTimer
from afterbill_cli.memory.table import MemoryTable
from afterbill_cli.output import Output, print_json
from afterbill_cli.skip_reasons import why

_ASKS = {
    RequestKind.EXPORT: "keep the request until somebody fetches the export: `afterbill privacy requests` lists it",
    RequestKind.ERASE: "remove the customer",
    RequestKind.ERASE_SOURCE: "remove all customers of this source",
}
_LESSONS = {
    Outcome.LEARNED: "ask nobody: the event only teaches something about its customer or payment",
    Outcome.IGNORED: "ignore: a kind of event that says nothing about a customer",
    Outcome.ERASED: "ignore: it is about a customer who is not known any more",
}


@click.group("policy")
def command() -> None:
    """Check and explain surveys.toml."""


@command.command("check")
@options.output()
@options.config
def _check(*, output: Output, config: Path) -> int:
    """Report every mistake in a configuration before you deploy it."""
    return check(config, output)


@command.command("explain")
@click.argument("file", type=options.FILE)
@click.option("--source", metavar="NAME", help="Source of the webhook; default: by the folder's name.")
@options.output()
@options.config
def _explain(*, file: Path, source: str | None, output: Output, config: Path) -> int:
    """Show the decision about an event, and its reasons.

    FILE is a file of a webhook, as in events/webhooks.
    """
    return explain(file, source, config, output)


def check(folder: Path, output: Output = Output.TABLE) -> int:
    """Print that all is well and return 0, or list every mistake on stderr and return 1.

    In JSON both are on stdout. AfterbillError where there is no such folder.
    """
    if not folder.is_dir():
        raise AfterbillError(f"there is no folder {folder}: --config names that of your configuration")
    mistakes = problems(folder)
    if output is Output.JSON:
        print_json({"folder": str(folder), "mistakes": mistakes})
    elif mistakes:
        print("afterbill:", "\n           ".join(mistakes), file=sys.stderr)
    else:
        print(f"kept: {kept(load_policy(folder / 'surveys.toml'))}")
        print(f"{folder}: surveys.toml, brand.toml, actions.toml, locales and templates are in order")
    return 1 if mistakes else 0


def problems(folder: Path) -> list[str]:
    """List every mistake in an operator's folder, by file and key; texts that she leaves out are the shipped ones."""
    with completed(folder) as whole:
        return _problems(whole)


def _problems(folder: Path) -> list[str]:
    mistakes: list[str] = []
    checks: tuple[Callable[[], object], ...] = (
        lambda: load_policy(folder / "surveys.toml"),
        lambda: load_actions(folder / ACTIONS),
        lambda: _check_words(folder),
    )
    for load in checks:
        try:
            load()
        except ConfigurationError as error:
            mistakes += str(error).splitlines()
    return list(dict.fromkeys(mistakes or dry_render(folder)))


def _check_words(folder: Path) -> None:
    if mistakes := list(word_problems(folder)):
        raise ConfigurationError("\n".join(mistakes))


def explain(file: Path, source: str | None, folder: Path, output: Output = Output.TABLE) -> int:
    """Capture the file as of today for an unknown customer, and print the decision for each event; always 0."""
    policy = load_policy(folder / "surveys.toml")
    name = source or _source_of(file, policy)
    if name not in policy.sources:
        if source:
            message = f"surveys.toml has no [sources.{name}], only: {', '.join(sorted(policy.sources))}"
            raise ConfigurationError(message)
        if output is Output.TABLE:
            print(f"source      {name}, as if surveys.toml had [sources.{name}]")
        policy = replace(policy, sources={name: Source(name, name)})
    webhook = _read(file, policy.sources[name])
    elements = registry.load(policy.sources[name].provider).normalise(webhook, policy.sources[name])
    capture = _dry_capture(policy)
    told = [_explained(element, webhook, capture) for element in elements]
    _tell(told or [{"decision": _LESSONS[Outcome.IGNORED]}], output)
    return 0


def _read(file: Path, source: Source) -> Webhook:
    webhook = samples.read(file, registry.load(source.provider).ABOUT, source.name)
    # The webhook-id stands in for the one a sender would give: a neutral body without data.id needs it.
    return replace(webhook, headers={"webhook-id": file.stem, **webhook.headers}, url=source.url)


def _source_of(file: Path, policy: Policy) -> str:
    """Return the source that the file's folder names: a source, or a provider, configured or not."""
    place = file.resolve().parent.name
    for name, source in policy.sources.items():
        if place in {name, source.provider}:
            return name
    if place in registry.PROVIDERS:
        return place
    message = f"which source does {file.name} arrive at? Say --source with one of: {', '.join(sorted(policy.sources))}"
    raise AfterbillError(message)


def _dry_capture(policy: Policy) -> CaptureDeps:
    return CaptureDeps(
        policy=policy,
        load=registry.load,
        facts=MemoryTable(),
        timer=MemoryTimer(),
        queue=MemorySendQueue(),
        apis=MemoryApis(closed=True),
        inbox=MemoryInbox(),
        dead_letters=MemoryDeadLetters(),
        hash_address=mailbox,
        hash_alias=str,
        new_id=lambda: uuid.uuid4().hex,
    )


def _explained(element: ParsedElement, webhook: Webhook, capture: CaptureDeps) -> dict[str, str]:
    """Describe the outcome of one element of a webhook, as lines by label."""
    if isinstance(element, PayloadError):
        return {"problem": str(element), "decision": "put the webhook aside, into the dead letters of the inbox"}
    if isinstance(element, ObjectReference):
        return {
            "object": f"{element.kind} {element.id}",
            "decision": "ask the API: only it knows what happened to the object",
        }
    if isinstance(element, PrivacyAsk):
        return {"request": f"{element.kind} {element.id}", "decision": _ASKS[element.kind]}
    if isinstance(element, OperatorTask):
        return {"task": f"{element.kind} {element.id}", "decision": "a person decides: `afterbill tasks` lists it"}
    sole = replace(
        capture, load=lambda name: replace(registry.load(name), normalise=lambda *_: (element,), confirm=None)
    )
    # As if it arrived the moment it happened: the age of a recorded sample is not the question.
    (captured,) = capture_event(webhook, sole, element.occurred_at)
    lines = {"event": element.event_id, "occurred": f"{element.occurred_at:%Y-%m-%d %H:%M:%S} UTC"}
    lines |= {"mode": "test"} if element.test else {}
    if captured.invitation and element.touchpoint:
        customer = capture.facts.customers([captured.invitation.customer_id]).get(captured.invitation.customer_id)
        return lines | _story(captured.invitation, customer, capture.policy)
    return lines | {"decision": _LESSONS[captured.outcome]}


def _tell(told: Sequence[Mapping[str, str]], output: Output) -> None:
    if output is Output.JSON:
        print_json(told)
        return
    for label, text in (line for lines in told for line in lines.items()):
        print(f"{label:<12}{one_line(text)}")


def _story(invitation: Invitation, customer: Customer | None, policy: Policy) -> dict[str, str]:
    rule = policy.rules[Touchpoint(invitation.touchpoint)]
    after = f"{written(rule.delay)} after the fact"
    if invitation.test:
        after = f"{written(policy.test.delay)} after the event, by [test]: a test survey, which counts nowhere"
    decision = f"ask at {invitation.due_at:%Y-%m-%d %H:%M:%S} UTC, {after}"
    for wait in invitation.deferrals:
        decision += f"; wait until {wait.until:%Y-%m-%d %H:%M:%S} UTC, {why(wait.reason, invitation.touchpoint)}"
    if invitation.reason:
        reason = SkipReason(invitation.reason)
        decision = f"skip, {reason}: {why(reason, invitation.touchpoint)}"
    return {
        "fact": invitation.fact,
        "touchpoint": f"{invitation.touchpoint}, stage {invitation.stage}",
        "decision": decision,
        **_legal(invitation, customer, policy),
        "rule": rule_of(invitation, policy),
        "kept": kept(policy),
        "invitation": invitation.id,
    }


def kept(policy: Policy) -> str:
    """Return the periods of [retention] on one line, as surveys.toml writes them."""
    return ", ".join(f"{each.name} {written(getattr(policy.retention, each.name))}" for each in fields(Retention))


def _legal(invitation: Invitation, customer: Customer | None, policy: Policy) -> dict[str, str]:
    """Say what the legal basis will make of what is to be asked; nothing about what is skipped already."""
    if invitation.reason or customer is None:
        return {}
    if invitation.test:
        return {"legal": "a test needs no legal basis"}
    rule = policy.rules[Touchpoint(invitation.touchpoint)]
    return {"legal": outlook(customer, rule, policy.legal, invitation.ready_at)}
