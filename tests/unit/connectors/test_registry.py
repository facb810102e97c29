import subprocess
import sys

import pytest

from afterbill.connectors import registry
from afterbill.model.errors import ConfigurationError


@pytest.mark.parametrize("name", registry.PROVIDERS)
def test_every_named_provider_loads_with_all_it_must_offer(name: str) -> None:
    provider = registry.load(name)
    assert callable(provider.verify)
    assert callable(provider.normalise)
    assert all(header == header.lower() for header in provider.HEADERS)
    assert all((provider.ABOUT.title, provider.ABOUT.proof, provider.ABOUT.secret, provider.ABOUT.register))


@pytest.mark.parametrize("name", registry.PROVIDERS)
def test_whoever_points_to_an_api_says_how_to_reach_it(name: str) -> None:
    provider = registry.load(name)
    asks = (provider.resolve, provider.find_customer, provider.confirm, provider.poller)
    assert bool(provider.API) is any(asks)


@pytest.mark.parametrize("name", registry.PROVIDERS)
def test_whose_api_has_the_account_in_its_address_says_which_account_that_is(name: str) -> None:
    provider = registry.load(name)
    if provider.API and "{account}" in f"{provider.API.url} {provider.API.sandbox_url}":
        assert "account" in provider.ABOUT.needs


@pytest.mark.parametrize("name", ["", "Stripe", "adyen", "registry", "..os", "stripe_notice"])
def test_an_unknown_provider_is_named_together_with_the_known_ones(name: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        registry.load(name)
    assert repr(name) in str(error.value)
    assert all(known in str(error.value) for known in registry.PROVIDERS)


@pytest.mark.parametrize("name", registry.PROVIDERS)
def test_loading_one_provider_loads_no_other(name: str) -> None:
    others = [f"afterbill.connectors.{other}" for other in registry.PROVIDERS if other != name]
    script = (
        "import sys; sys.path.insert(0, 'layers/core')\n"
        "from afterbill.connectors import registry\n"
        f"assert 'afterbill.connectors.{name}' not in sys.modules\n"
        f"registry.load({name!r})\n"
        f"print([other for other in {others} + ['pydantic', 'boto3', 'urllib3'] if other in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
