"""The stack of infra/template.yaml on moto: its table, queues and secrets, its functions with their own environment.

Whatever a function calls is checked against the role that the template gives it, and remembered.
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from moto import mock_aws

from afterbill.adapters.aws import clients
from tests.contract.lambda_events import records_in
from tests.contract.template import ledger_definition, of_type, properties, table_definition, template
from tests.integration.grants import Call, actions_of, allows, grants_of
from tests.integration.resolving import ACCOUNT, REGION, Resolver
from tests.user_pool import POOL, UserPool

ROOT = Path(__file__).resolve().parents[2]
SENDER = "survey@example.com"
CONSOLE = "https://console.execute-api.eu-central-1.amazonaws.com"
IDENTITY = "identity-key-of-the-integration-tests-0123456789abcdefghijklmnopq"
PARAMETERS = {"SenderAddress": SENDER, "PublicUrl": "https://nps.example.com", "FlexibleWindowMinutes": "0"}
_FRESH = ("afterbill.runtime.batch", "afterbill.runtime.observability")
"""They read the environment as they are imported."""
_standing: list["Stack"] = []
"""The one stack there is at a time."""

_AT_ONCE = """
time_zone = "Europe/Berlin"
[legal]
preset = "relaxed"

[defaults]
ask = true
stage = "purchase"
delay = "0s"
sampling = 1.0
priority = 50
channels = ["mail"]
cooldown = "90d"
expiry = "30d"
reasons = ["price", "service"]
paid_only = false
stops = "nothing"
[touchpoints.refunded]
ask = false
stops = "customer"
[sources.events]
provider = "standard_webhooks"
[sources.stripe]
provider = "stripe"
"""

Handler = Callable[[dict[str, Any], object], Any]


class Context:
    """The part of Lambda's context that Powertools reads."""

    function_name = "function"
    memory_limit_in_mb = 512
    invoked_function_arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:function"
    aws_request_id = "52fdfc07-2182-454f-963f-5f0f9a621d72"
    remaining = 30_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining


def _named(context: Any, function: str) -> Any:
    context.function_name = f"afterbill-{function}"
    return context


class Stdout:
    """The stdout of the moment: pytest gives every phase of a test another one."""

    def write(self, text: str) -> None:
        sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


@dataclass
class Stack:
    """`failures` maps an operation (`SendMessage`) to the error code or exception it meets.

    `meanwhile` maps one to what somebody else does just before it is carried out, once; `observe` sees every call
    before it is made.
    """

    patch: pytest.MonkeyPatch
    sources: dict[str, Any]
    parameters: dict[str, str] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    failures: dict[str, str | Exception] = field(default_factory=dict)
    meanwhile: dict[str, Callable[[], Any]] = field(default_factory=dict)
    observe: Callable[[Call], None] | None = None
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What an operation answers that moto does not know, by its name."""
    caller: str = ""

    def __post_init__(self) -> None:
        # The functions use boto3's default session; what the tests look up themselves is nobody's call.
        self.session, boto3.DEFAULT_SESSION = _ours(), _theirs()
        _standing[:] = [self]
        self.resolver = Resolver(PARAMETERS | self.parameters, self._create())

    def _create(self) -> dict[str, dict[str, str]]:
        """Make what the functions use; what each resource answers to Ref and GetAtt, by logical id."""
        self.dynamodb, self.sqs = self.session.client("dynamodb"), self.session.client("sqs")
        self.scheduler, self.secrets = self.session.client("scheduler"), self.session.client("secretsmanager")
        made = {}
        table = self.dynamodb.create_table(**table_definition("afterbill"))["TableDescription"]
        made["Table"] = {"Ref": "afterbill", "Arn": table["TableArn"]}
        ledger = self.dynamodb.create_table(**ledger_definition("ledger"))["TableDescription"]
        made["LedgerTable"] = {"Ref": "ledger", "Arn": ledger["TableArn"]}
        for queue in of_type("AWS::SQS::Queue"):
            size = {"MaximumMessageSize": str(properties(queue).get("MaximumMessageSize", 262144))}
            url = self.sqs.create_queue(QueueName=f"afterbill-{queue}", Attributes=size)["QueueUrl"]
            made[queue] = {"Ref": url, "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:afterbill-{queue}"}
        secrets = {"SourcesSecret": self.sources, "KeysSecret": {"identity": IDENTITY, "links": {}}}
        for name, value in (secrets | {"ApisSecret": {}, "TokensSecret": {}, "ConnectionsSecret": {}}).items():
            arn = self.secrets.create_secret(Name=f"afterbill-{name}", SecretString=json.dumps(value))["ARN"]
            made[name] = {"Ref": arn, "Id": arn}
        self.events = self.session.client("events")
        bus = self.events.create_event_bus(Name="afterbill-events")["EventBusArn"]
        made["EventBus"] = {"Ref": "afterbill-events", "Arn": bus}
        self.scheduler.create_schedule_group(Name="afterbill-surveys")
        made["ScheduleGroup"] = {"Ref": "afterbill-surveys"}
        made["ScheduleRole"] = {"Arn": f"arn:aws:iam::{ACCOUNT}:role/afterbill-schedule"}
        made["ConfigurationSet"] = {"Ref": "afterbill"}
        self.users = UserPool()
        arn = f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{POOL}"
        made["ConsoleUsers"], made["ConsoleClient"] = {"Ref": POOL, "Arn": arn}, {"Ref": "client"}
        made["ConsoleApi"] = {"ApiEndpoint": CONSOLE}
        self.s3 = self.session.client("s3")
        for bucket in ("evidence", "archive"):
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
            made[f"{bucket.title()}Bucket"] = {"Ref": bucket, "Arn": f"arn:aws:s3:::{bucket}"}
        for name in ("receive_webhook", "capture_event"):
            group = f"/aws/lambda/afterbill-{name}"
            self.session.client("logs").create_log_group(logGroupName=group)
            logical = logical_id(name).removesuffix("Function")
            made[f"{logical}Log"] = {"Arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:*"}
        for name in ("MailEventsTopic", "AlarmTopic"):
            topic = self.session.client("sns").create_topic(Name=f"afterbill-{name}")["TopicArn"]
            made[name] = {"Ref": topic, "Arn": topic}
        self.session.client("sesv2").create_email_identity(EmailIdentity=SENDER.partition("@")[2])
        return made

    # Functions

    def environment(self, name: str) -> dict[str, str]:
        """The environment variables that the template sets for this function."""
        variables = template()["Globals"]["Function"]["Environment"]["Variables"] | own_variables(name)
        return {key: str(self.resolver.resolve(value)) for key, value in variables.items()}

    def load(self, name: str) -> Handler:
        """The handler after a cold start."""
        for key, value in self.environment(name).items():
            self.patch.setenv(key, value)
        handler: Handler = self.imported(name).handler
        return lambda event, context=None: self._as(name, lambda: handler(event, _named(context or Context(), name)))

    def imported(self, name: str) -> Any:
        """The function's module, imported anew with the environment as it is."""
        module = f"functions.{name}.app"
        for known in (module, *_FRESH):
            sys.modules.pop(known, None)
        forget_configuration()
        imported = self._as(name, lambda: import_module(module))
        if pauses := getattr(imported, "_pauses", None):
            pauses.wait = lambda _seconds: None
        logger = import_module("afterbill.runtime.observability").logger
        for handler in logger.handlers:
            handler.stream = Stdout()
        return imported

    def _as(self, name: str, work: Callable[[], Any]) -> Any:
        before, self.caller = self.caller, name
        # The clients of a test are shared: the time of another invocation is over, and says nothing of this one.
        clients._until.update(dict.fromkeys(clients._until, float("inf")))
        try:
            return work()
        finally:
            self.caller = before

    def _remember(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        call = Call(self.caller, model.service_model.service_name, model.name, params)
        self.calls.append(call)
        if self.observe:
            self.observe(call)
        for wanted in actions_of(call, self.resolver):
            granted = grants_of(self.caller, self.resolver)
            assert any(allows(grant, wanted) for grant in granted), f"{self.caller} may not {wanted}"

    def _interfere(self, model: Any, params: Any, **_: Any) -> Any:
        if model.name in self.meanwhile:
            self.meanwhile.pop(model.name)()
        failure = self.failures.get(model.name)
        if isinstance(failure, Exception):
            raise failure
        if failure is None and model.name in self.answers:
            return AWSResponse("https://aws.example", 200, {}, None), self.answers[model.name]
        if failure is None:
            return self.users.meet(model, params) if model.service_model.service_name == "cognito-idp" else None
        metadata = {"HTTPStatusCode": 400, "RequestId": "1"}
        parsed = {"Error": {"Code": failure, "Message": "told to fail"}, "ResponseMetadata": metadata}
        return AWSResponse("https://aws.example", 400, {}, None), parsed

    # What is in it

    def calls_of(self, name: str) -> list[str]:
        return [call.operation for call in self.calls if call.caller == name]

    def records(self, queue: str) -> list[dict[str, Any]]:
        """Take the messages that wait in a queue, as Lambda would hand them over."""
        return records_in(self.sqs, self.resolver.made[queue]["Ref"], REGION)

    def schedules(self) -> list[dict[str, Any]]:
        listed = self.scheduler.list_schedules(GroupName="afterbill-surveys")["Schedules"]
        return [self.scheduler.get_schedule(GroupName="afterbill-surveys", Name=one["Name"]) for one in listed]

    def items(self, kind: str) -> list[dict[str, Any]]:
        """All items whose partition key begins with this kind, as DynamoDB spells them."""
        found: list[dict[str, Any]] = self.dynamodb.scan(TableName="afterbill")["Items"]
        return [item for item in found if item["pk"]["S"].partition("#")[0] == kind]

    def suppressions(self) -> list[str]:
        """The reasons not to write to addresses and numbers; whoever was only asked has none."""
        return [item["reason"]["S"] for item in self.items("ADDRESS") if "reason" in item]

    def secret(self, logical: str) -> dict[str, Any]:
        held = self.secrets.get_secret_value(SecretId=self.resolver.made[logical]["Ref"])["SecretString"]
        found: dict[str, Any] = json.loads(held)
        return found

    def write_secret(self, logical: str, value: dict[str, Any]) -> None:
        self.secrets.put_secret_value(SecretId=self.resolver.made[logical]["Ref"], SecretString=json.dumps(value))


@contextmanager
def standing(
    patch: pytest.MonkeyPatch, configuration: Path, sources: dict[str, Any], parameters: dict[str, str] | None = None
) -> Iterator[Stack]:
    """A fresh stack; `configuration` is the folder that stands for the configuration layer."""
    patch.syspath_prepend(str(configuration))
    patch.setenv("AWS_DEFAULT_REGION", REGION)
    with tempfile.TemporaryDirectory(prefix="afterbill-") as scratch, mock_aws():
        patch.setattr(tempfile, "tempdir", scratch)
        yield Stack(patch, sources, parameters or {})
    boto3.DEFAULT_SESSION = None
    forget_configuration()


def with_text_messages(folder: Path) -> Path:
    """A configuration layer that asks by text message who can get one."""
    surveys = folder / "surveys.toml"
    surveys.write_text(surveys.read_text().replace('channels = ["mail"]', 'channels = ["sms", "mail"]'))
    return folder


def configured_at_once(folder: Path) -> Path:
    """A configuration layer whose surveys are due the moment their fact is captured."""
    shutil.copytree(ROOT / "layers" / "config", folder)
    (folder / "surveys.toml").write_text(_AT_ONCE)
    return folder


class Session(boto3.Session):
    """Makes each client once: a test that makes its own spends most of its time on that. moto is new for each test."""

    def __init__(self) -> None:
        super().__init__(region_name=REGION)
        self._made: dict[str, Any] = {}

    def client(self, service: str, config: Any = None, **more: Any) -> Any:
        key = f"{service} {config and config._user_provided_options} {more}"
        if key not in self._made:
            make: Any = super().client
            self._made[key] = make(service, config=config, **more)
        return self._made[key]


_ours = cache(Session)
"""The session with which the tests look things up themselves."""


@cache
def _theirs() -> Session:
    """Return the session of the functions: the stack that stands sees every call."""
    session = Session()
    for moment, look in (("provide-client-params", Stack._remember), ("before-call", Stack._interfere)):
        session.events.register(moment, partial(_look, look))
    return session


def _look(look: Callable[..., Any], **call: Any) -> Any:
    return look(_standing[0], **call)


def logical_id(function: str) -> str:
    return "".join(word.title() for word in function.split("_")) + "Function"


def own_variables(function: str) -> dict[str, Any]:
    """The environment of this function alone, as the template writes it."""
    variables: dict[str, Any] = properties(logical_id(function))["Environment"]["Variables"]
    return variables


def functions() -> list[str]:
    """Names of all functions, as they lie in functions/."""
    return [Path(properties(logical)["CodeUri"]).name for logical in of_type("AWS::Serverless::Function")]


def forget_configuration() -> None:
    """Read surveys.toml again at the next look."""
    config = import_module("afterbill.settings.config")
    for remembered in (config.folder, config.surveys_table, config.brand):
        remembered.cache_clear()
