"""What CloudFormation makes of the template's functions (`!If`, `!Sub`, `!Split` …) for given parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.infra.template import TEMPLATE

SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:x-AbCdEf"
NOTHING = object()
_PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": "eu-central-1",
    "AWS::AccountId": "123456789012",
    "AWS::StackName": "insights",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::NoValue": NOTHING,
}


class Evaluation:
    """References to resources are written `<Name>`, their attributes `<Name.Attribute>`."""

    def __init__(self, **parameters: str) -> None:
        unknown = parameters.keys() - TEMPLATE["Parameters"].keys()
        assert not unknown, f"not parameters of the template: {unknown}"
        given = {"ClickHouseSecretArn": SECRET, **parameters}
        defaults = {name: str(found.get("Default", "")) for name, found in TEMPLATE["Parameters"].items()}
        self.parameters = defaults | given

    def refused(self) -> list[str]:
        """What the template's rules say against these parameters."""
        return [
            assertion["AssertDescription"]
            for rule in TEMPLATE["Rules"].values()
            if self(rule.get("RuleCondition", True))
            for assertion in rule["Assertions"]
            if not self(assertion["Assert"])
        ]

    def misspelt(self) -> list[str]:
        """Parameters whose value their pattern does not allow."""
        patterns = {name: found.get("AllowedPattern", "") for name, found in TEMPLATE["Parameters"].items()}
        return [name for name, pattern in patterns.items() if not re.search(pattern, self.parameters[name])]

    def has(self, condition: str) -> bool:
        return bool(self(TEMPLATE["Conditions"][condition]))

    def resources(self) -> set[str]:
        """Those that are made."""
        found = TEMPLATE["Resources"].items()
        return {name for name, one in found if "Condition" not in one or self.has(one["Condition"])}

    def __call__(self, value: Any) -> Any:
        if isinstance(value, list):
            return [one for one in map(self, value) if one is not NOTHING]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name in _FUNCTIONS:
                return _FUNCTIONS[name](self, argument)
        evaluated = {name: self(one) for name, one in value.items()}
        return {name: one for name, one in evaluated.items() if one is not NOTHING}

    def ref(self, name: str) -> Any:
        return self.parameters.get(name, _PSEUDO.get(name, f"<{name}>"))

    def sub(self, argument: Any) -> str:
        text, values = argument if isinstance(argument, list) else (argument, {})
        known = {name: self(one) for name, one in values.items()}
        return re.sub(r"\$\{([^}]+)\}", lambda found: str(known.get(found[1], self.ref(found[1]))), text)

    def choice(self, argument: Any) -> Any:
        condition, then, otherwise = argument
        return self(then if self.has(condition) else otherwise)


_FUNCTIONS: dict[str, Callable[[Evaluation, Any], Any]] = {
    "Ref": lambda made, name: made.ref(name),
    "Condition": lambda made, name: made.has(name),
    "Fn::GetAtt": lambda made, path: f"<{'.'.join(path)}>",
    "Fn::Sub": lambda made, argument: made.sub(argument),
    "Fn::If": lambda made, argument: made.choice(argument),
    "Fn::Equals": lambda made, both: made(both[0]) == made(both[1]),
    "Fn::Not": lambda made, one: not made(one[0]),
    "Fn::And": lambda made, all_of: all(made(all_of)),
    "Fn::Or": lambda made, any_of: any(made(any_of)),
    "Fn::Join": lambda made, argument: str(argument[0]).join(made(argument[1])),
    "Fn::Split": lambda made, argument: made(argument[1]).split(argument[0]),
    "Fn::Select": lambda made, argument: made(argument[1])[int(argument[0])],
}
