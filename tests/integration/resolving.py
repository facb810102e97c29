"""The intrinsic functions of CloudFormation that the template uses, over values made up for the tests."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.contract.template import template

REGION, ACCOUNT = "eu-central-1", "123456789012"
_PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": "afterbill",
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/afterbill/5f2c8f0e-7d6b-4a3c-9e1d-0b2a4c6e8f10",
}


_NOTHING = "AWS::NoValue"


@dataclass(frozen=True)
class Resolver:
    """`made` holds what each resource answers to Ref and GetAtt; a resource that was not made answers its own name."""

    parameters: Mapping[str, str]
    made: Mapping[str, Mapping[str, str]]

    def resolve(self, value: Any) -> Any:  # noqa: PLR0911  # one for each function
        match value:
            case {"Ref": str(name)}:
                return self._ref(name)
            case {"Fn::GetAtt": [name, attribute]}:
                return self._attribute(name, attribute)
            case {"Fn::Sub": str(text)}:
                return self._sub(text, {})
            case {"Fn::Sub": [text, values]}:
                return self._sub(text, {key: self.resolve(one) for key, one in values.items()})
            case {"Fn::If": [condition, yes, no]}:
                return self.resolve(yes if self.holds(condition) else no)
            case {"Fn::Select": [index, values]}:
                return self.resolve(values)[int(index)]
            case {"Fn::Split": [separator, text]}:
                return self.resolve(text).split(separator)
            case list():
                return [one for one in map(self.resolve, value) if one != _NOTHING]
            case _:
                return value

    def _ref(self, name: str) -> str:
        if name in _PSEUDO:
            return _PSEUDO[name]
        if name in template()["Parameters"]:
            return str(self.parameters.get(name, template()["Parameters"][name].get("Default", "")))
        return self.made.get(name, {}).get("Ref", name)

    def _attribute(self, name: str, attribute: str) -> str:
        return self.made.get(name, {}).get(attribute, f"{name}.{attribute}")

    def _sub(self, text: str, values: Mapping[str, str]) -> str:
        def one(match: re.Match[str]) -> str:
            name = match[1]
            if name in values:
                return values[name]
            resource, _, attribute = name.partition(".")
            return self._attribute(resource, attribute) if attribute else self._ref(name)

        return re.sub(r"\$\{([^}]+)\}", one, text)

    def holds(self, condition: str) -> bool:
        """A condition of the template asks whether a parameter has a value, or another one; or it is two of these."""
        return self._held(template()["Conditions"][condition])

    def _held(self, described: Mapping[str, Any]) -> bool:
        if "Condition" in described:
            return self.holds(described["Condition"])
        if "Fn::And" in described:
            return all(map(self._held, described["Fn::And"]))
        differs = "Fn::Not" in described
        first, second = (described["Fn::Not"][0] if differs else described)["Fn::Equals"]
        return bool((self.resolve(first) == self.resolve(second)) is not differs)
