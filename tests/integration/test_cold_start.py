"""Every function tells at its start what it lacks, by name."""

import pytest

from tests.integration.stack import functions, own_variables

MAY_BE_EMPTY = {
    "EVIDENCE_BUCKET",
    "PUBLIC_URL",
    "SMS_CONFIGURATION_SET",
    "SMS_ORIGINATION",
    "SMS_SERVICE",
    "VISITOR_ADDRESS_HEADER",
}
WITHOUT_CONSOLE = ("run_actions", "CONSOLE_URL")
"""A stack without a console has no links to it."""
EVERY_VARIABLE = [
    (name, variable)
    for name in functions()
    for variable in own_variables(name)
    if variable not in MAY_BE_EMPTY and (name, variable) != WITHOUT_CONSOLE
]


@pytest.mark.parametrize("name", functions())
def test_with_the_environment_of_the_template_a_function_starts(stack, name):
    assert callable(stack.load(name))


@pytest.mark.parametrize("name", functions())
def test_with_an_empty_environment_it_names_what_is_missing_first(stack, name):
    refused = start(stack, name, {})

    assert refused.startswith("environment variable ")
    assert refused.split()[2] in own_variables(name)


@pytest.mark.parametrize(("name", "variable"), EVERY_VARIABLE)
def test_whatever_is_missing_is_named(stack, name, variable):
    """So every variable in the template is one that the function reads, too."""
    complete = stack.environment(name)

    assert f"environment variable {variable} is missing" in start(stack, name, complete | {variable: ""})


def start(stack, name, environment):
    for variable in own_variables(name):
        stack.patch.delenv(variable, raising=False)
    for variable, value in environment.items():
        stack.patch.setenv(variable, value)
    # Told by its name: the class in memory may be another, made by an earlier import.
    with pytest.raises(Exception, match="environment variable") as refused:
        stack.imported(name)
    assert type(refused.value).__name__ == "ConfigurationError"
    return str(refused.value)
