"""The console in the template: who may sign in, an API of its own, and a stack without any of it."""

import json
import re
from typing import Any

import pytest

from afterbill_console.cognito_sign_in import CALLBACK, SIGNED_OUT
from afterbill_console.roles import Role
from tests.infra.reading import CONSOLE_CONDITIONS, OfOne, OfType, Resource, without_console
from tests.integration.resolving import Resolver

OWN = {"ConsoleDomainName": "voices.example.com", "ConsoleCertificateArn": "arn:aws:acm:eu-central-1:1:certificate/1"}
ADDRESSES = [
    ({}, "ConsoleApi.ApiEndpoint"),
    (OWN, "https://voices.example.com"),
    (OWN | {"ConsoleUrl": "https://cdn.example.com"}, "https://cdn.example.com"),
]


def of_the_console(template: Resource) -> set[str]:
    return {name for name, one in template["Resources"].items() if one.get("Condition") in CONSOLE_CONDITIONS}


def named_in(value: Any) -> set[str]:
    text = json.dumps(value)
    referred = re.findall(r'"(?:Ref|Fn::GetAtt)": \[?"(\w+)', text)
    return {*referred, *re.findall(r"\$\{(\w+)", text)}


class TestWithoutIt:
    def test_nothing_of_a_stack_names_what_is_not_there(self, template: Resource) -> None:
        """CloudFormation refuses a reference to a resource whose condition does not hold."""
        own = of_the_console(template)
        others = {name: without_console(one) for name, one in template["Resources"].items() if name not in own}
        outputs = {name: one for name, one in template["Outputs"].items() if "Condition" not in one}

        assert {name for name in others if named_in(others[name]) & own} == set()
        assert {name for name in outputs if named_in(outputs[name]["Value"]) & own} == set()

    def test_everything_that_is_called_after_it_depends_on_it(self, template: Resource) -> None:
        called = {name for name in template["Resources"] if name.startswith(("Console", "ShowConsole"))}

        assert called <= of_the_console(template)

    def test_the_conditions_hold_as_their_names_say(self) -> None:
        plain, without = Resolver(OWN, {}), Resolver(OWN | {"Console": "false"}, {})

        assert plain.holds("HasConsoleDomain")
        assert plain.holds("HasLoginBranding")
        assert not without.holds("HasConsoleDomain")
        assert not without.holds("HasLoginBranding")


class TestUsers:
    def test_nobody_signs_up(self, properties: OfOne) -> None:
        assert properties("ConsoleUsers")["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True

    def test_there_is_a_group_for_each_role(self, of_type: OfType) -> None:
        groups = of_type("AWS::Cognito::UserPoolGroup").values()

        assert {group["GroupName"] for group in groups} == {role.value for role in Role}
        assert {group["UserPoolId"]["Ref"] for group in groups} == {"ConsoleUsers"}
        assert not any("RoleArn" in group for group in groups)

    def test_operators_outlive_the_stack(self, template: Resource) -> None:
        pool = template["Resources"]["ConsoleUsers"]

        assert (pool["DeletionPolicy"], pool["UpdateReplacePolicy"]) == ("Retain", "Retain")

    def test_second_factors_and_passkeys_are_offered(self, properties: OfOne) -> None:
        pool = properties("ConsoleUsers")

        assert (pool["MfaConfiguration"], pool["EnabledMfas"]) == ("OPTIONAL", ["SOFTWARE_TOKEN_MFA"])
        assert "WEB_AUTHN" in pool["Policies"]["SignInPolicy"]["AllowedFirstAuthFactors"]
        assert pool["WebAuthnUserVerification"] == "required"

    def test_an_invitation_has_what_cognito_fills_in_and_both_languages(self, properties: OfOne) -> None:
        invitation = properties("ConsoleUsers")["AdminCreateUserConfig"]["InviteMessageTemplate"]["EmailMessage"]
        text = Resolver({}, {}).resolve(invitation)

        assert text.count("{####}") == 1
        assert text.count("{username}") == 2
        assert text.count("ConsoleApi.ApiEndpoint/app") == 4
        assert "Konsole" in text


class TestClient:
    def test_it_swaps_codes_and_nothing_else(self, properties: OfOne) -> None:
        client = properties("ConsoleClient")

        assert (client["AllowedOAuthFlows"], client["AllowedOAuthScopes"]) == (["code"], ["openid"])
        assert client["GenerateSecret"] is False
        assert client["PreventUserExistenceErrors"] == "ENABLED"
        assert "ALLOW_USER_PASSWORD_AUTH" not in client["ExplicitAuthFlows"]

    @pytest.mark.parametrize(("given", "address"), ADDRESSES)
    def test_it_leads_back_to_where_the_console_is(
        self, template: Resource, properties: OfOne, given: dict[str, str], address: str
    ) -> None:
        stack, client = Resolver(given, {}), properties("ConsoleClient")
        variables = properties("ShowConsoleFunction")["Environment"]["Variables"]

        assert stack.resolve(client["CallbackURLs"]) == [f"{address}{CALLBACK}"]
        assert stack.resolve(client["LogoutURLs"]) == [f"{address}{SIGNED_OUT}"]
        assert stack.resolve(variables["CONSOLE_URL"]) == address
        assert stack.resolve(template["Outputs"]["ConsoleUrl"]["Value"]) == address

    def test_its_domain_is_nobody_elses_and_has_no_word_that_cognito_refuses(self, properties: OfOne) -> None:
        """Source: Cognito developer guide, prefix domains: lower case, digits and hyphens, none of three words."""
        domain = Resolver({}, {}).resolve(properties("ConsoleSignIn")["Domain"])

        assert re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", domain)
        assert domain.startswith("afterbill-5f2c8f0e-")
        assert not any(word in domain for word in ("aws", "amazon", "cognito"))

    def test_managed_login_has_a_style(self, properties: OfOne) -> None:
        """A domain of version 2 shows no page without one."""
        assert properties("ConsoleSignIn")["ManagedLoginVersion"] == 2
        assert properties("ConsoleLoginBranding")["ClientId"] == {"Ref": "ConsoleClient"}


class TestApi:
    def test_its_routes_lead_to_the_function_and_all_else_to_nobody(self, of_type: OfType) -> None:
        routes = {one["RouteKey"]: one["Target"] for one in of_type("AWS::ApiGatewayV2::Route").values()}

        assert set(routes) == {"GET /", "ANY /app", "ANY /app/{page+}"}
        assert set(map(str, routes.values())) == {str({"Fn::Sub": "integrations/${ConsoleIntegration}"})}

    def test_it_does_not_name_the_function_that_names_it(self, properties: OfOne) -> None:
        assert named_in(properties("ConsoleApi")) & {"ShowConsoleFunction", "ConsoleClient"} == set()

    def test_it_is_throttled_for_people(self, properties: OfOne) -> None:
        assert properties("ConsoleStage")["DefaultRouteSettings"] == {
            "ThrottlingRateLimit": 20,
            "ThrottlingBurstLimit": 40,
        }

    def test_its_log_has_neither_a_path_nor_a_query_nor_an_address(self, properties: OfOne) -> None:
        written = properties("ConsoleStage")["AccessLogSettings"]["Format"]["Fn::Sub"]
        fields = set(re.findall(r"\$context\.([\w.]+)", written))

        assert not {one for one in fields if "path" in one.lower() or "query" in one.lower() or "identity" in one}
        assert json.loads(re.sub(r"\$\{?[\w:.]+\}?", "-", written))["routeKey"] == "-"

    def test_with_a_host_of_its_own_it_has_no_other(self, properties: OfOne) -> None:
        named = properties("ConsoleApi")["DisableExecuteApiEndpoint"]

        assert (Resolver(OWN, {}).resolve(named), Resolver({}, {}).resolve(named)) == (True, False)


def test_its_role_changes_no_user(properties: OfOne) -> None:
    granted = json.dumps(properties("ShowConsoleRole"))

    assert "cognito-idp:ListUsers" in granted
    assert not re.findall(r"cognito-idp:(?:Admin)?(?:Create|Delete|Update|Set|Add|Remove|Initiate)\w*", granted)
