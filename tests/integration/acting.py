"""A configuration with workflows, over one connection that signs webhooks."""

from pathlib import Path

_ACTIONS = """
[connections.team]
connector = "webhooks"
url = "https://hooks.example.com/afterbill"

[workflows.unhappy]
when = { ratings = "0-6" }
[[workflows.unhappy.do]]
connection = "team"
action = "post"

[workflows.gone]
when = { events = ["CustomerObjected"] }
[[workflows.gone.do]]
connection = "team"
action = "post"
"""


def with_workflows(folder: Path) -> Path:
    """Have unhappy answers and objections posted to the team."""
    (folder / "actions.toml").write_text(_ACTIONS, "utf-8")
    return folder
