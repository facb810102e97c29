import subprocess
import sys

import pytest

from afterbill.domain.errors import ConfigurationError
from afterbill.providers import registry, standard_webhooks, stripe
from afterbill.providers.registry import Provider

AS_TYPES: tuple[Provider, ...] = (stripe, standard_webhooks)
"""Read by the type checker: each module offers what the protocol says."""


@pytest.mark.parametrize("name", registry.PROVIDERS)
def test_every_named_provider_loads_with_all_it_must_offer(name: str) -> None:
    provider = registry.load(name)
    assert callable(provider.verify)
    assert callable(provider.normalise)
    assert all(header == header.lower() for header in provider.HEADERS)


@pytest.mark.parametrize("name", ["", "Stripe", "paypal", "registry", "..os", "stripe_notice"])
def test_an_unknown_provider_is_named_together_with_the_known_ones(name: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        registry.load(name)
    assert repr(name) in str(error.value)
    assert all(known in str(error.value) for known in registry.PROVIDERS)


@pytest.mark.parametrize("name", registry.PROVIDERS)
def test_loading_one_provider_loads_no_other(name: str) -> None:
    others = [f"afterbill.providers.{other}" for other in registry.PROVIDERS if other != name]
    script = (
        "import sys; sys.path.insert(0, 'layers/core')\n"
        "from afterbill.providers import registry\n"
        f"assert 'afterbill.providers.{name}' not in sys.modules\n"
        f"registry.load({name!r})\n"
        f"print([other for other in {others} + ['pydantic', 'boto3'] if other in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
