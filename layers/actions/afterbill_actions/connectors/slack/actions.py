"""Slack: a message to a channel, by a bot token where it is to be exact, or by an incoming webhook.

With a token a message is looked up by its metadata before it is repeated, and updated when its answer changes (Slack,
"Message metadata", `chat.update`). An incoming webhook only posts: what may have been posted is posted no second time.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field

from afterbill_actions.connector import Action, Connector, Job, Open
from afterbill_actions.connectors._kit.posting import leaving, taking_back, telling, writing
from afterbill_actions.connectors._kit.replies import failure
from afterbill_actions.connectors.slack.blocks import body_of
from afterbill_actions.exchange import Reply, Request
from afterbill_actions.message import Message, MessageSettings
from afterbill_actions.outcome import Denied, Done, Later, Outcome, Refused, Unclear

EVENT = "afterbill_message"
"""The type of the metadata by which a message of ours is found again."""
_JSON = "application/json;charset=utf-8"
_LOOKED_THROUGH = 200
_DENIED = frozenset(
    {
        "account_inactive",
        "channel_not_found",
        "ekm_access_denied",
        "invalid_auth",
        "is_archived",
        "missing_scope",
        "no_permission",
        "not_authed",
        "not_in_channel",
        "org_login_required",
        "restricted_action",
        "token_expired",
        "token_revoked",
    }
)
"""Errors that every message to this channel meets, until somebody acts."""
_AGAIN = frozenset({"fatal_error", "internal_error", "request_timeout", "service_unavailable"})
_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "cant_delete_message"})
_BAD_REQUEST, _NOT_FOUND, _GONE_STATUS, _FORBIDDEN = 400, 404, 410, 403


class SlackSettings(BaseModel):
    """A connection: `channel` is the id of a channel (C0123...), needed with a bot token."""

    model_config = ConfigDict(extra="forbid")

    channel: str = Field(default="", pattern=r"^([CGD][A-Z0-9]{2,30})?$")


_leave = leaving("Slack")


def _erase(job: Job, slack: Open) -> Outcome:
    """Delete the message; one of an incoming webhook stays, and names nobody unless the workflow put words into it."""
    there = dict(job.written.record) if job.written else {}
    if "ts" in there:
        reply = _api(slack, "chat.delete", {"channel": there["channel"], "ts": there["ts"]})
        problem = _problem(reply)
        return Done() if problem is None or _error(reply) in _GONE else problem
    return _leave(job, slack)


def _put(job: Job, slack: Open, message: Message, record: Mapping[str, str]) -> Outcome:
    """Post a message, or update the one that stands there."""
    if "token" not in slack.secret:
        return _post_to_webhook(job, slack, message, record)
    body: dict[str, Any] = {"channel": slack.connection.settings.get("channel", ""), **body_of(message)}
    body["metadata"] = {"event_type": EVENT, "event_payload": {"id": job.mark}}
    there = dict(job.written.record) if job.written else {}
    if "ts" not in there and job.maybe:
        found = _found(job, slack)
        if isinstance(found, Reply):
            return _problem(found) or Later("Slack answers otherwise than it should")
        there = dict(found)
    if "ts" in there:
        reply = _api(slack, "chat.update", {**body, "channel": there["channel"], "ts": there["ts"]})
        if _error(reply) not in _GONE:  # deleted there: it is posted anew
            return _problem(reply) or Done({**record, "channel": there["channel"], "ts": there["ts"]})
    reply = _api(slack, "chat.postMessage", body)
    problem = _problem(reply)
    if problem is None:
        answer = reply.json()
        return Done({**record, "channel": str(answer["channel"]), "ts": str(answer["ts"])})
    return problem


def _found(job: Job, slack: Open) -> Mapping[str, str] | Reply:
    """Return where our message stands, nothing where it does not; the reply itself where it is of no use."""
    query = {
        "channel": slack.connection.settings.get("channel", ""),
        "limit": str(_LOOKED_THROUGH),
        "include_all_metadata": "true",
    }
    reply = _api(slack, f"conversations.history?{urlencode(query)}")
    if _problem(reply):
        return reply
    answer = reply.json()
    messages = answer.get("messages") if isinstance(answer, dict) else None
    if not isinstance(messages, list):
        return reply
    for one in messages:
        metadata = one.get("metadata") or {}
        if metadata.get("event_type") == EVENT and metadata.get("event_payload", {}).get("id") == job.mark:
            return {"channel": query["channel"], "ts": str(one["ts"])}
    return {}


def _api(slack: Open, method: str, body: Mapping[str, Any] | None = None) -> Reply:
    """Call the Web API; without a body it is a GET."""
    headers = {"authorization": f"Bearer {slack.secret['token']}", "accept": "application/json"}
    url = f"{slack.connection.url}/api/{method}"
    if body is None:
        return slack.send(Request("GET", url, headers))
    return slack.send(Request("POST", url, {**headers, "content-type": _JSON}, json.dumps(body).encode()))


def _error(reply: Reply) -> str:
    answer = reply.json()
    return str(answer.get("error", "")) if isinstance(answer, dict) and answer.get("ok") is not True else ""


def _problem(reply: Reply) -> Outcome | None:
    """Return what is wrong with a reply of the Web API, which says so in its body, with status 200."""
    if problem := failure(reply):
        return problem
    answer = reply.json()
    if not isinstance(answer, dict) or "ok" not in answer:
        return Later("Slack answers otherwise than it should")
    error = _error(reply)
    if not error and answer["ok"] is True:
        return None
    if error == "ratelimited":
        return Later(error, everybody=True)
    if error in _DENIED:
        return Denied(f"{error}: see docs/connections/slack.md")
    return Later(error) if error in _AGAIN else Refused(error or "unknown")


def _post_to_webhook(job: Job, slack: Open, message: Message, record: Mapping[str, str]) -> Outcome:
    if job.lost:
        return Unclear("an earlier try may have posted it, and an incoming webhook cannot be asked")
    body = json.dumps(body_of(message)).encode()
    reply = slack.send(Request("POST", slack.secret["webhook"], {"content-type": _JSON}, body))
    said = reply.body[:200].decode("utf-8", "replace").strip()
    if reply.status == _BAD_REQUEST:
        return Refused(said or "invalid_payload")
    if reply.status in {_FORBIDDEN, _NOT_FOUND, _GONE_STATUS}:
        return Denied(f"{said or reply.status}: the webhook or its channel is gone")
    if problem := failure(reply, repeatable=False):
        return problem
    return Done(record) if said == "ok" else Unclear("Slack answers otherwise than it should")


def _probe(slack: Open) -> Outcome:
    """Ask who the token is; an incoming webhook can only be tried by posting."""
    if "token" not in slack.secret:
        return Done()
    return _problem(_api(slack, "auth.test", {})) or Done()


def _url(_settings: Mapping[str, Any], _secret: Mapping[str, str]) -> str:
    return "https://slack.com"


CONNECTOR = Connector(
    name="slack",
    title="Slack",
    settings=SlackSettings,
    secrets=(frozenset({"token"}), frozenset({"webhook"})),
    actions={
        "message": Action(
            MessageSettings, write=writing(_put), undo=taking_back(_put), erase=_erase, tell=telling(_put)
        )
    },
    probe=_probe,
    per_minute=50,  # about one message a second and channel
    guide=(
        "Make an app at https://api.slack.com/apps for your workspace.",
        "With a bot token: give it the scopes chat:write and channels:history (groups:history for a private channel),",
        "install it, invite it to the channel (/invite), and set `channel` of the connection to the channel's id.",
        "With an incoming webhook: switch Incoming Webhooks on, add one for the channel, and store its address. It",
        "cannot be asked what it posted, so a message whose fate is not known waits for a person.",
    ),
    url=_url,
    verified=(
        "requests equal those of slack_sdk (WebClient, WebhookClient), recorded on loopback",
        "limits of blocks are those of slack_sdk's models",
        "how long metadata can be found in a busy channel is not verified: the newest 200 messages are looked through",
    ),
)
