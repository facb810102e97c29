"""Remove all customers whom only one source knows: a request that handle_privacy_requests carries out."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from afterbill.model.privacy import PrivacyRequest, RequestKind, RequestState
from afterbill_cli.deployed import Deployed
from afterbill_cli.output import Output, print_json
from afterbill_cli.people.who import Whom
from afterbill_cli.privacy.deps import PrivacyDeps, agreed, now_utc


def erase_source(  # noqa: PLR0913  # what the command was given
    stack: Deployed,
    name: str,
    why: str,
    output: Output = Output.TABLE,
    clock: Callable[[], datetime] = now_utc,
    *,
    yes: bool = False,
) -> int:
    """Keep the request, or find the one that is not finished; ConfigurationError for a source that is not there."""
    stack.source(name)
    deps = PrivacyDeps(stack, f"privacy erase --source {name}", why)
    deps.acts.note()
    agreed(f"All customers whom only {name} knows will be removed, for ever.", yes=yes)
    request = _unfinished(deps, name)
    if not request:
        request = replace(deps.request(RequestKind.ERASE_SOURCE, Whom(), clock()), source=name)
        deps.requests.keep_request(request)
    if output is Output.JSON:
        print_json(
            {"request": request.id, "kind": request.kind.value, "state": request.state.value, "source": request.source}
        )
    else:
        print(
            f"Request {request.id} is kept, {request.state}. handle_privacy_requests removes the customers of {name} "
            "within its next runs, and looks once more; `afterbill privacy requests` tells how far it is.\n"
            f"When it is done: `afterbill privacy receipt {request.id}`"
        )
    return 0


def _unfinished(deps: PrivacyDeps, name: str) -> PrivacyRequest | None:
    known = deps.requests.requests()
    same = (one for one in known if one.kind is RequestKind.ERASE_SOURCE and one.source == name)
    return next((one for one in same if one.state is not RequestState.DONE), None)
