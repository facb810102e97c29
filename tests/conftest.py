"""The network of each tier, the order and the processes in which tiers run, and the folder of real payloads."""

import os
import sys
from _thread import start_new_thread
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from functools import cache, partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import botocore.session
import pytest
from hypothesis import settings
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.serialize import JSONSerializer
from xdist.scheduler import LoadFileScheduling

ROOT = Path(__file__).resolve().parents[1]
TIERS = ("unit", "contract", "integration", "infra", "perf", "mail", "console", "lab", "e2e", "simulation")
"""From the cheapest to the dearest, so that a simple mistake is found in seconds."""
STACK_TIER = "e2e"
"""It has one local stack, which only one process may start."""
LOOPBACK_TIERS = frozenset({"contract", "console", "lab", "e2e"})
"""They speak to servers on this machine; every other tier has no sockets at all."""

# A developer's own folder is not what the tests are about.
os.environ.pop("AFTERBILL_CONFIG", None)

# Read as a Lambda's module is imported, whichever test is the first to import one.
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "afterbill")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "afterbill")

# One reads the models of the services for all sessions: under moto every test has a default session of its own.
botocore.session.create_loader = cache(botocore.session.create_loader)


def _only_what_is_there(serializer: JSONSerializer, serialized: Any, value: Any, shape: Any, key: str) -> None:
    """Take the one kind of a value that is there: moto looks for all ten, by five spellings each, half of its time."""
    if shape.name != "AttributeValue" or not isinstance(value, dict) or not value.keys() <= shape.members.keys():
        _serialize_structure(serializer, serialized, value, shape, key)
        return
    wrapper: dict[str, Any] = {} if key else serialized
    for name, member in value.items():
        serializer._serialize(wrapper, member, shape.members[name], name)
    if key:
        serializer._default_serialize(serialized, wrapper, shape, key)


_serialize_structure = JSONSerializer._serialize_type_structure
JSONSerializer._serialize_type_structure = _only_what_is_there  # type: ignore[method-assign]  # that is the point


class Unwatched:
    """A thread that no tracer watches: under coverage, moto takes three times as long in one that is watched."""

    def __init__(self) -> None:
        self._tasks: SimpleQueue[tuple[Callable[[], Any], SimpleQueue[Future[Any]]]] = SimpleQueue()
        # Not by `threading`, which hands the tracer on.
        start_new_thread(self._serve, ())

    def run(self, work: Callable[[], Any]) -> Any:
        """Return what the work returns, or raise what it raises."""
        answer: SimpleQueue[Future[Any]] = SimpleQueue()
        self._tasks.put((partial(copy_context().run, work), answer))
        return answer.get().result()

    def _serve(self) -> None:
        while True:
            work, answer = self._tasks.get()
            done: Future[Any] = Future()
            try:
                done.set_result(work())
            except BaseException as error:  # noqa: BLE001  # raised where it is waited for
                done.set_exception(error)
            answer.put(done)


def _answered_unwatched(stubber: BotocoreStubber, request: Any) -> Any:
    work = partial(_answer, stubber, request)
    return _unwatched.run(work) if sys.gettrace() else work()


if sys.gettrace():
    _unwatched = Unwatched()
    _answer = BotocoreStubber.process_request
    BotocoreStubber.process_request = _answered_unwatched  # type: ignore[method-assign]  # that is the point

settings.register_profile("developer", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "developer")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "last: runs after all other tests, for it waits")
    config.addinivalue_line("markers", "ends_the_stack: runs after all of these too, for it kills the local stack")


class OneStack(LoadFileScheduling):
    """Whole files go to any free process; those that share the local stack all go to one, as if they were one file."""

    def _split_scope(self, nodeid: str) -> str:
        return STACK_TIER if nodeid.startswith(f"tests/{STACK_TIER}/") else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> OneStack:
    """With `-n`, whatever `--dist` says: two processes must never start two local stacks."""
    config.option.loadscopereorder = False  # the order is that of the tiers, not of sizes
    return OneStack(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # Beside another process the local stack is up from the start. Alone, what waits for its hours there comes last:
    # the simulation is reckoned meanwhile.
    beside = hasattr(config, "workerinput")
    order = (STACK_TIER, *TIERS) if beside else TIERS
    items.sort(
        key=lambda item: (ends_the_stack(item), not beside and waits(item), order.index(tier(item)), waits(item))
    )
    for item in items:
        loopback = pytest.mark.allow_hosts(["127.0.0.1", "::1"])
        item.add_marker(loopback if tier(item) in LOOPBACK_TIERS else pytest.mark.disable_socket)


def waits(item: pytest.Item) -> bool:
    return item.get_closest_marker("last") is not None


def ends_the_stack(item: pytest.Item) -> bool:
    return item.get_closest_marker("ends_the_stack") is not None


def tier(item: pytest.Item) -> str:
    """The folder under tests/ that the test lies in."""
    return item.path.relative_to(ROOT / "tests").parts[0]


@pytest.fixture(scope="session")
def payloads() -> Path:
    """Recorded payloads of real billing systems, which are not ours to publish: absent on most machines."""
    folder = Path(os.environ.get("AFTERBILL_PAYLOADS") or ROOT.parent / "shared" / "payloads")
    if not folder.is_dir():
        pytest.skip(f"no recorded payloads in {folder}; AFTERBILL_PAYLOADS names another folder")
    return folder
