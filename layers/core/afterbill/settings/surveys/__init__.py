"""surveys.toml, checked: every mistake is named by its key before anything is deployed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from afterbill.model.billing import Touchpoint
from afterbill.model.campaigns import Campaign
from afterbill.model.channels import InProduct, SmsPolicy
from afterbill.model.consent import PRESETS, Legal
from afterbill.model.errors import ConfigurationError
from afterbill.model.retention import Retention
from afterbill.model.survey_tests import SurveyTests
from afterbill.model.visits import Integrity
from afterbill.model.webhooks import Source
from afterbill.outreach.caps import SendingCaps
from afterbill.outreach.policy import Policy, Rule
from afterbill.outreach.sending_window import SendingWindow
from afterbill.settings.almanac import load_almanac
from afterbill.settings.config import SURVEYS, folder, parse_toml, read_text, report_rules_of
from afterbill.settings.surveys.fitting import MISFIT, misfits
from afterbill.settings.surveys.mistakes import UNKNOWN, mistakes, respelled
from afterbill.settings.surveys.tables import CampaignTable, RuleTable, SurveysFile


def load_policy(path: Path | None = None) -> Policy:
    """The policy in surveys.toml (by default the one on the import path); ConfigurationError lists every mistake."""
    file = path or folder() / SURVEYS
    text = read_text(file)
    return policy_of(parse_toml(text, file.name), file.name, text)


def policy_of(tables: Mapping[str, Any], name: str = SURVEYS, text: str = "") -> Policy:
    """The policy these tables describe; a touchpoint that is not listed gets the defaults.

    Mistakes tell their lines where the `text` of the file is given.
    """
    checked, found = _checked(tables)
    if checked is None or found:
        raise ConfigurationError("\n".join(mistakes(found, tables, name, text)))
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
        retention=Retention(**dict(checked.retention)),
        segments=checked.segments,
        reports_account=checked.reports.account,
        reports=report_rules_of(tables),
    )


def _rule(table: RuleTable, windows: Mapping[str, SendingWindow]) -> Rule:
    return Rule(**dict(table) | {"window": windows.get(table.window)})


def _campaign(table: CampaignTable) -> Campaign:
    return Campaign(table.touchpoint, table.start, table.every, table.over.days if table.over else 0)


def _checked(tables: Mapping[str, Any]) -> tuple[SurveysFile | None, list[ErrorDetails]]:
    """Return the file as far as it can be read, and its mistakes without those that a misspelt name brings along."""
    file, found = _read(tables)
    if file is None and (spelled := respelled(found, tables)):
        rest = [(each["type"], each["loc"]) for each in _read(spelled)[1]]
        found = [each for each in found if each["type"] == UNKNOWN or (each["type"], each["loc"]) in rest]
    return file, found


def _read(tables: Mapping[str, Any]) -> tuple[SurveysFile | None, list[ErrorDetails]]:
    try:
        file = SurveysFile.model_validate(_with_defaults(tables), context=dict(tables))
    except ValidationError as error:
        return None, error.errors(include_url=False)
    return file, [ErrorDetails(type=MISFIT, loc=place, msg=what, input=None) for place, what in misfits(file)]


def _with_defaults(tables: Mapping[str, Any]) -> dict[str, Any]:
    """Every touchpoint with its defaults filled in; what is no table is left for the check to complain about."""
    defaults, touchpoints = tables.get("defaults", {}), tables.get("touchpoints", {})
    if not isinstance(touchpoints, dict):
        return dict(tables)
    general = defaults if isinstance(defaults, dict) else {}
    listed: dict[str, Any] = {touchpoint.value: {} for touchpoint in Touchpoint} | touchpoints
    return {
        **tables,
        "touchpoints": {
            key: {**general, **table} if isinstance(table, dict) else table for key, table in listed.items()
        },
    }
