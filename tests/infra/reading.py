"""Short words for what tests look for in a template."""

from collections.abc import Callable
from typing import Any

Resource = dict[str, Any]
OfOne = Callable[[str], Resource]
OfType = Callable[[str], dict[str, Resource]]

CONSOLE_CONDITIONS = {"HasConsole", "HasConsoleDomain", "HasLoginBranding"}
"""Those that do not hold where the parameter Console is "false"."""
FUNCTIONS = {
    "ReceiveWebhook": "receive_webhook",
    "PollBilling": "poll_billing",
    "RunCampaigns": "run_campaigns",
    "CaptureEvent": "capture_event",
    "SendSurvey": "send_survey",
    "RecordResponse": "record_response",
    "CollectResponse": "collect_response",
    "RequestPrivacy": "request_privacy",
    "OfferSurvey": "offer_survey",
    "HandleMailEvent": "handle_mail_event",
    "HandleSmsEvent": "handle_sms_event",
    "FollowLink": "follow_link",
    "TrackChanges": "track_changes",
    "PublishEvents": "publish_events",
    "RunActions": "run_actions",
    "SweepActions": "sweep_actions",
    "SweepInvitations": "sweep_invitations",
    "ReviewClicks": "review_clicks",
    "ComputeNps": "compute_nps",
    "WatchReputation": "watch_reputation",
    "HandlePrivacyRequests": "handle_privacy_requests",
    "ApplyRetention": "apply_retention",
    "ArchiveFacts": "archive_facts",
    "ComputeReports": "compute_reports",
    "ReadReports": "read_reports",
    "ShowConsole": "show_console",
    "CheckHealth": "check_health",
    "NotifyOperators": "notify_operators",
}


def statements(role: Resource) -> list[Resource]:
    """All statements of a role."""
    return [part for policy in role["Policies"] for part in policy["PolicyDocument"]["Statement"]]


def grants(template: Resource, name: str) -> list[Resource]:
    """All statements for a function: of its role and of every policy attached to that."""
    resources = template["Resources"]
    attached = [
        {"PolicyDocument": one["Properties"]["PolicyDocument"]}
        for one in resources.values()
        if one["Type"] == "AWS::IAM::Policy" and {"Ref": f"{name}Role"} in one["Properties"]["Roles"]
    ]
    return statements({"Policies": [*resources[f"{name}Role"]["Properties"]["Policies"], *attached]})


def allowing(role: Resource, action: str) -> list[Resource]:
    """Those that name an action."""
    return [part for part in statements(role) if action == part["Action"] or action in part["Action"]]


def without_console(value: Any) -> Any:
    """Return what a stack without a console has in this place."""
    if isinstance(value, list):
        return [without_console(one) for one in value]
    if not isinstance(value, dict):
        return value
    match value.get("Fn::If"):
        case [condition, _, otherwise] if condition in CONSOLE_CONDITIONS:
            return without_console(otherwise)
    return {name: without_console(one) for name, one in value.items()}


def arn(name: str) -> dict[str, list[str]]:
    """The address of a resource of the template."""
    return {"Fn::GetAtt": [name, "Arn"]}
