"""surveys.toml, checked: every mistake is named by its key before anything is deployed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from afterbill.model.billing import Touchpoint
from afterbill.model.campaigns import Campaign
from afterbill.model.channels import InProduct, SmsPolicy
from afterbill.model.consent import PRESETS, Legal
from afterbill.model.errors import ConfigurationError
from afterbill.model.suggestions import did_you_mean
from afterbill.model.survey_tests import SurveyTests
from afterbill.model.visits import Integrity
from afterbill.model.webhooks import Source
from afterbill.outreach.caps import SendingCaps
from afterbill.outreach.policy import Policy, Rule
from afterbill.outreach.sending_window import SendingWindow
from afterbill.settings.almanac import load_almanac
from afterbill.settings.config import SURVEYS, folder, read_toml
from afterbill.settings.surveys.fitting import TOGETHER, UNFIT
from afterbill.settings.surveys.tables import KEYS, CampaignTable, RuleTable, SurveysFile


def load_policy(path: Path | None = None) -> Policy:
    """The policy in surveys.toml (by default the one on the import path); ConfigurationError lists every mistake."""
    file = path or folder() / SURVEYS
    return policy_of(read_toml(file), file.name)


def policy_of(tables: Mapping[str, Any], name: str = SURVEYS) -> Policy:
    """The policy these tables describe; a touchpoint that is not listed gets the defaults."""
    try:
        checked = SurveysFile.model_validate(_with_defaults(tables), context=dict(tables))
    except ValidationError as error:
        raise ConfigurationError("\n".join(_mistakes(error, tables, name))) from error
    opening = {key: SendingWindow(key, **dict(table)) for key, table in checked.windows.items()}
    return Policy(
        time_zone=checked.time_zone,
        rules={touchpoint: _rule(table, opening) for touchpoint, table in checked.touchpoints.items()},
        sources={key: Source(key, **dict(table)) for key, table in checked.sources.items()},
        legal=Legal(PRESETS[checked.legal.preset].default, checked.legal.countries),
        sending=SendingCaps(**dict(checked.sending)),
        campaigns={key: _campaign(table) for key, table in checked.campaigns.items()},
        almanac=load_almanac(),
        integrity=Integrity(**dict(checked.integrity)),
        sms=SmsPolicy(**dict(checked.sms)),
        in_product=InProduct(**dict(checked.in_product)),
        links={key: table.touchpoint for key, table in checked.links.items()},
        test=SurveyTests(**dict(checked.test)),
    )


def _rule(table: RuleTable, windows: Mapping[str, SendingWindow]) -> Rule:
    return Rule(**dict(table) | {"window": windows.get(table.window)})


def _campaign(table: CampaignTable) -> Campaign:
    return Campaign(table.touchpoint, table.start, table.every, table.over.days if table.over else 0)


def _with_defaults(tables: Mapping[str, Any]) -> dict[str, Any]:
    """Every touchpoint with its defaults filled in; what is no table is left for the check to complain about."""
    defaults: Any = tables.get("defaults", {})
    touchpoints: Any = tables.get("touchpoints", {})
    rest = {key: value for key, value in tables.items() if key != "defaults"}
    if not isinstance(defaults, dict) or not isinstance(touchpoints, dict):
        return rest | {"touchpoints": touchpoints}
    listed: dict[str, Any] = {touchpoint.value: {} for touchpoint in Touchpoint} | touchpoints
    return rest | {
        "touchpoints": {
            key: {**defaults, **table} if isinstance(table, dict) else table for key, table in listed.items()
        }
    }


def _mistakes(error: ValidationError, tables: Mapping[str, Any], name: str) -> list[str]:
    """A line for each mistake, with file and key; a mistake in [defaults] is named once."""
    mistakes = (
        _mistake(each["type"], _place(each["type"], each["loc"], tables), each["msg"])
        for each in error.errors(include_url=False)
    )
    return sorted({f"{name}: {mistake}" for mistake in mistakes})


def _mistake(kind: str, place: tuple[str, ...], message: str) -> str:
    if kind == "extra_forbidden":
        return f"{'.'.join(place)}: {did_you_mean(place[-1], KEYS)}"
    if kind == "missing":
        return f"{'.'.join(place)}: is missing"
    return ": ".join([*filter(None, [".".join(place)]), message.removeprefix("Value error, ")])


def _place(kind: str, loc: tuple[int | str, ...], tables: Mapping[str, Any]) -> tuple[str, ...]:
    """The key to change: one under [defaults] where the touchpoint itself says nothing of the kind."""
    place = tuple(str(part) for part in loc if part != "[key]")
    if len(place) < 3 or place[0] != "touchpoints":  # noqa: PLR2004  # table, touchpoint, key
        return place
    own = tables.get("touchpoints", {}).get(place[1], {})
    decided_by = TOGETHER[place[2]] if kind == UNFIT else {place[2]}
    return place if own.keys() & decided_by else ("defaults", *place[2:])
