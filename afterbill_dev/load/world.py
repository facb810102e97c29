"""The functions of a stack as their handlers are, with models for clients and memory twins for tables.

A process holds one such world: what the adapters are called is replaced for good, so run it in a process of its own.
"""

import base64
import importlib.util
import os
import random
import shutil
import sys
import uuid
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from afterbill.adapters.aws import secrets
from afterbill.model.customer import Customer
from afterbill.model.invitation import Invitation
from afterbill.model.messages import INVITATION_TAG, Mail
from afterbill_cli.memory.keys import MemorySendingSwitch
from afterbill_cli.memory.ledger import MemoryLedger
from afterbill_cli.memory.privacy import MemoryPrivacyRequests
from afterbill_cli.memory.scores import MemoryReviews
from afterbill_dev.load.clock import Clock
from afterbill_dev.load.dynamodb import DynamoDb, Port
from afterbill_dev.load.secret_store import SecretsManager
from afterbill_dev.load.twins import Gates, Scores, Status, Table, Watched, snapshot
from afterbill_dev.paths import ROOT

IDENTITY = "0" * 64
SOURCE = "shop"
SIGNING = b"a signing secret of the model..."

_PATIENCE = 7
_HTTP_PATIENCE = (3, 5)
_TABLES: Mapping[str, str] = {
    "facts.FactsTable": "table",
    "invitations.InvitationsTable": "table",
    "responses.ResponsesTable": "table",
    "sweeps.SweepsTable": "table",
    "short_links.ShortLinksTable": "table",
    "tasks.TasksTable": "table",
    "caps.CapsTable": "caps",
    "sending_switch.SendingSwitchTable": "switch",
    "sending_switch.CachedSendingStatus": "caps",
    "sending_gate.GatesTable": "gates",
    "ledger.LedgerTable": "ledger",
    "privacy_requests.PrivacyRequestsTable": "requests",
    "click_reviews.ReviewsTable": "reviews",
    "scores.ScoresTable": "scores",
}
"""Adapters of the table by the twin in place of each."""


_Secret: Any = secrets.Secret
_Compose = Callable[[Invitation, Customer], Mail]


class World:
    """The twins of one table, and how each function is loaded over them. `clients` are by the name that boto3 knows."""

    def __init__(self, clock: Clock, dynamodb: DynamoDb, clients: Mapping[str, Any]) -> None:
        self.clock, self.dynamodb = clock, dynamodb
        self.clients: dict[str, Any] = {"s3": None, **clients, "dynamodb": dynamodb}
        self.table = Table(invitations=Watched(self._changed))
        self.switch = MemorySendingSwitch()
        self.caps = Status(switch=self.switch)
        self.gates = Gates(self.caps)
        self.ledger = MemoryLedger()
        self.requests = MemoryPrivacyRequests()
        self.scores = Scores(self.table.invitations)
        self.reviews = MemoryReviews(self.table.invitations)
        self._secrets: list[Any] = []
        self._luck = random.Random(1)  # noqa: S311  # ids of a simulation

    def _changed(self, old: Invitation | None, new: Invitation) -> None:
        """The stream of the table: mark the days that must be counted again."""
        from afterbill.insight.track_changes import TrackDeps, track_changes  # noqa: PLC0415  # after the replacements

        before, after = snapshot(old), snapshot(new)
        if before != after:
            deps = TrackDeps(self.scores, self.reviews)
            track_changes({"1": (before, after)}, lambda both: both, lambda _both: "", deps, self.clock.moment())

    # Wiring

    def replace_adapters(self, folder: Path, count: Callable[..., None]) -> None:
        """Make every function that is loaded from now on use this world, and the configuration written to `folder`."""
        os.environ |= {
            "LOG_LEVEL": "CRITICAL",
            "POWERTOOLS_LOG_LEVEL": "CRITICAL",
            "AWS_DEFAULT_REGION": "eu-central-1",
        }
        sys.path.insert(0, str(_configured(folder)))
        vars(import_module("afterbill.runtime.observability"))["count"] = count
        clients = vars(import_module("afterbill.adapters.aws.clients"))
        clients["client"] = clients["batch_client"] = self._client
        clients["http_client"] = self._http_client
        clients["begin_request"], clients["begin_batch"] = lambda: None, lambda _: None
        self._replace_secrets()
        for place, twin in _TABLES.items():
            module, _, name = place.partition(".")
            vars(import_module(f"afterbill.adapters.dynamodb.{module}"))[name] = self._adapter(getattr(self, twin))
        pauses = vars(import_module("afterbill.runtime.pauses"))
        pauses["Pauses"] = partial(pauses["Pauses"], wait=self.clock.spend)
        vars(import_module("afterbill.content.mail.compose"))["composer"] = _composer

    def _client(self, service: str, *, attempts: int = 3) -> Any:  # noqa: ANN401  # as boto3
        """As `client`: two seconds to connect, five to read."""
        one = self.clients[service]
        return one.client(attempts, _PATIENCE) if isinstance(one, SecretsManager) else one

    def _http_client(self, service: str, *, attempts: int = 2) -> Any:  # noqa: ANN401  # as boto3
        """As `http_client`: an attempt takes three seconds, and none begins when five are over."""
        one = self.clients[service]
        return one.client(attempts, *_HTTP_PATIENCE) if isinstance(one, SecretsManager) else one

    def _adapter(self, twin: Any) -> type[Port]:  # noqa: ANN401  # any port
        dynamodb = self.dynamodb

        class Adapter(Port):
            def __init__(self, *_arguments: object, **_named: object) -> None:
                super().__init__(twin, dynamodb)

            if hasattr(twin, "keep_task"):  # a function makes a subclass that calls this one

                def keep_task(self, *arguments: Any) -> bool:  # noqa: ANN401  # as it is
                    dynamodb.spend("keep_task")
                    return bool(twin.keep_task(*arguments))

        return Adapter

    def _replace_secrets(self) -> None:
        module, world = import_module("afterbill.adapters.aws.secrets"), self

        class Secret(_Secret):  # type: ignore[misc]  # what is replaced has no type
            def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401  # as it is
                super().__init__(*arguments, **{"clock": world.clock.monotonic, **named})
                world._secrets.append(self)

        vars(module)["Secret"] = Secret
        vars(import_module("afterbill.adapters.aws.secret_keys"))["Secret"] = Secret

    def start_cold(self) -> None:
        """All functions lose what they remembered, as new copies of them do."""
        for secret in self._secrets:
            for field in fields(secret):
                if field.name.startswith("_"):
                    made = field.default if field.default_factory is MISSING else field.default_factory()
                    setattr(secret, field.name, made)

    def load(self, function: str, environment: Mapping[str, str]) -> ModuleType:
        """Load a function with its environment, on our clock."""
        os.environ |= environment
        path = ROOT / "functions" / function / "app.py"
        spec = importlib.util.spec_from_file_location(f"modelled_{function}", path)
        if spec is None or spec.loader is None:
            raise ImportError(path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        told: dict[str, Any] = {
            "datetime": self.clock.datetime(),
            "monotonic": self.clock.monotonic,
            "uuid": SimpleNamespace(uuid4=lambda: uuid.UUID(int=self._luck.getrandbits(128), version=4)),
        }
        vars(module).update({name: one for name, one in told.items() if name in vars(module)})
        return module


def secret_values(template_secrets: Mapping[str, str]) -> dict[str, Any]:
    """Return what the secrets hold, by ARN; `template_secrets` are the ARNs by their logical id."""
    signing = "whsec_" + base64.b64encode(SIGNING).decode()
    held: dict[str, Any] = {"SourcesSecret": {SOURCE: [signing]}, "KeysSecret": {"identity": IDENTITY, "links": {}}}
    return {arn: held.get(name, {}) for name, arn in template_secrets.items()}


def _composer(_url: str, sender: str, keys: Callable[[], object], *_: object, **__: object) -> _Compose:
    """Make a composer of mails that need keys as real ones do, though they only say which delivery they are."""

    def compose(invitation: Invitation, customer: Customer) -> Mail:
        keys()
        number, tags = str(invitation.delivery_number), {INVITATION_TAG: invitation.id}
        return Mail(customer.address or "", sender, None, number, number, "", {}, tags)

    return compose


def _configured(folder: Path) -> Path:
    """Write the shipped configuration with one source that anybody may be asked about; returns its folder."""
    shutil.copytree(ROOT / "layers" / "config", folder, dirs_exist_ok=True)
    surveys = folder / "surveys.toml"
    text = surveys.read_text(encoding="utf-8").replace('preset = "strict"', 'preset = "relaxed"')
    surveys.write_text(f'{text}\n[sources.{SOURCE}]\nprovider = "standard_webhooks"\n', encoding="utf-8")
    return folder
