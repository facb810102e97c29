"""infra/template.yaml as the model needs it: resources by type, with every reference replaced by a logical id."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import yaml  # type: ignore[import-untyped]  # comes with cfn-lint

from afterbill_dev.paths import TEMPLATE

STACK = "afterbill"
_PSEUDO = {"AWS::StackName": STACK, "AWS::Region": "eu-central-1", "AWS::Partition": "aws", "AWS::AccountId": "1" * 12}
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # as above; the C one is faster
    """Reads short forms (`!Ref`) as what they stand for."""


def _long_form(loader: Any, suffix: str, node: Any) -> dict[str, Any]:  # noqa: ANN401  # of yaml
    kinds: dict[type, Any] = {
        yaml.ScalarNode: loader.construct_scalar,
        yaml.SequenceNode: lambda one: loader.construct_sequence(one, deep=True),
        yaml.MappingNode: lambda one: loader.construct_mapping(one, deep=True),
    }
    value = kinds[type(node)](node)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _long_form)


@cache
def _template() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(TEMPLATE.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506  # a SafeLoader
    return loaded


class Template:
    """The template with these parameters; what a deployment would fill in stands there by its logical id."""

    def __init__(self, parameters: Mapping[str, object]) -> None:
        defaults = {name: one.get("Default", "") for name, one in _template()["Parameters"].items()}
        unknown = parameters.keys() - defaults.keys()
        if unknown:
            message = f"infra/template.yaml has no parameter {', '.join(sorted(unknown))}"
            raise ValueError(message)
        self.parameters = defaults | {name: str(value) for name, value in parameters.items()}

    def of_type(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield logical id and resolved properties of every resource of this type that the conditions let exist."""
        for name, resource in _template()["Resources"].items():
            if resource["Type"] == kind and self._holds(resource.get("Condition")):
                yield str(name), self.resolve(resource.get("Properties", {}))

    def environment(self, function: Mapping[str, Any]) -> dict[str, str]:
        """Return the environment variables of a function."""
        shared = _template()["Globals"]["Function"]["Environment"]["Variables"]
        own = function.get("Environment", {}).get("Variables", {})
        return {name: str(value) for name, value in (self.resolve(shared) | own).items()}

    def timeout(self, function: Mapping[str, Any]) -> float:
        """Return the time-out of a function in seconds."""
        return float(function.get("Timeout", _template()["Globals"]["Function"]["Timeout"]))

    def resolve(self, value: Any) -> Any:  # noqa: ANN401, PLR0911  # one return for each function of CloudFormation
        """Replace references: a parameter by its value, a resource or an attribute of it by its logical id."""
        match value:
            case {"Ref": name}:
                return _PSEUDO.get(name) or self.parameters.get(name, str(name))
            case {"Fn::GetAtt": [name, _]}:
                return str(name)
            case {"Fn::Sub": [text, values]}:
                return self._filled(text, {key: self.resolve(one) for key, one in values.items()})
            case {"Fn::Sub": text}:
                return self._filled(text, {})
            case {"Fn::If": [condition, yes, no]}:
                return self.resolve(yes if self._holds(condition) else no)
            case dict():
                return {str(key): self.resolve(one) for key, one in value.items()}
            case list():
                return [self.resolve(one) for one in value]
            case _:
                return value

    def _filled(self, text: str, values: Mapping[str, Any]) -> str:
        def one(found: re.Match[str]) -> str:
            return str(values.get(found[1]) or self.resolve({"Ref": found[1].partition(".")[0]}))

        return re.sub(r"\$\{([^}]+)\}", one, text)

    def _holds(self, condition: object) -> bool:
        if condition is None:
            return True
        return self._true(_template()["Conditions"][condition] if isinstance(condition, str) else condition)

    def _true(self, value: Any) -> bool:  # noqa: ANN401  # a condition as written
        match value:
            case {"Fn::Not": [inner]}:
                return not self._true(inner)
            case {"Fn::And": parts}:
                return all(map(self._true, parts))
            case {"Fn::Or": parts}:
                return any(map(self._true, parts))
            case {"Fn::Equals": [first, second]}:
                return bool(str(self.resolve(first)) == str(self.resolve(second)))
            case {"Condition": name}:
                return self._holds(str(name))
            case _:
                return False


def seconds_of(rate: str) -> float:
    """Return the period of `rate(15 minutes)`."""
    number, unit = rate.removeprefix("rate(").removesuffix(")").split()
    return int(number) * _SECONDS[unit.rstrip("s")]
