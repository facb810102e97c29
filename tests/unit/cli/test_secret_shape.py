"""What a signing secret looks like: a text that cannot be one is refused, one that is hardly one is questioned."""

import json

import pytest

from afterbill.connectors import registry
from afterbill_cli.sources.secret_shape import objection
from afterbill_dev.local import sources

SIGNED = [name for name in registry.PROVIDERS if registry.load(name).ABOUT.signed]
STRIPE = "whsec_" + "a1B2" * 8
GOOD = {
    "stripe": [STRIPE, "whsec_" + "0f" * 32],
    "standard_webhooks": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", f"whsec_{'A' * 86}=="],
    "paddle": ["pdl_ntfset_01hs0t3tw21j988db1pam5xg8m_GrOWLNef+vmtjJYq4mSnHNzvc8uWoJ1I"],
    "shopify": ["shpss_" + "0a" * 16, "0a" * 16, "0a" * 32],
    "lemonsqueezy": ["sixteen letters!", "x" * 40],
    "square": ["Ibxx_5AKakO-3qeNVR61Dw"],
    "braintree": ["5r59rrxhn89npc9n:00f0df79303e1270881e5feda7788927"],
    "recurly": ["354fab5bd35f5a0d50845ee7e30165244468b13c2c343f104e4e730a59326d9d", "billing:a long password"],
    "gocardless": ["ED7D658C-D8EB-4941-948B-3973214F2D49"],
    "quickbooks": ["1f6cf1fa-9ae9-4d54-8f5d-0f0d0f0d0f0d"],
    "chargebee": ["billing:a long password", "a-key-in-the-address"],
}


def judged(provider, secret):
    return objection(secret, registry.load(provider).ABOUT)


@pytest.mark.parametrize(("provider", "secret"), [(name, one) for name, several in GOOD.items() for one in several])
def test_a_secret_as_the_billing_system_makes_it_is_taken(provider, secret):
    assert judged(provider, secret) is None


@pytest.mark.parametrize("provider", SIGNED)
def test_the_secrets_of_the_local_stack_are_like_real_ones(provider):
    made = sources.make("https://api.example.com", "https://inbox.example.com")[provider]

    assert judged(provider, made.secret) is None


@pytest.mark.parametrize(
    ("provider", "secret", "what"),
    [
        ("stripe", "sk_live_51H8xyz", "a secret key of the API"),
        ("stripe", "rk_live_51H8xyz", "a restricted key of the API"),
        ("stripe", "we_1MGDqS2eZvKYlo2C", "the id of the endpoint"),
        ("paddle", "pdl_live_apikey_01gtgztp8f4kek3yd4g1wrksa3_q6TGTJyvoIz7LDtXT65bX7_AQO", "a key of the API"),
        ("shopify", "shpat_0123456789abcdef0123456789abcdef", "an access token of the API"),
        ("square", "EAAAEOuLQObrVwJvCvoio3H13b8Ssqz1ighmTBKZvIENW9qxirHGHkqsGcAfWe3H", "an access token of the API"),
        ("gocardless", "live_kNB0MwrMoKEaqeXCDnN9h", "an access token of the API"),
        ("mollie", "live_dHar4XY7LxsDOtmnkVtjNVWXLSlXsM", "a key of the API"),
        ("standard_webhooks", "whpk_0LZMYc1fdDJ0Ln7ZsdUgYJ0CC0cmUJjRPmKE", "a public key of ed25519"),
        ("cloudevents", "Bearer abcdefghijklmnop", "the token with the name of its scheme"),
    ],
)
def test_what_is_easily_taken_for_the_secret_is_named(provider, secret, what):
    found = judged(provider, secret)

    assert found.impossible
    assert what in found.text
    assert registry.load(provider).ABOUT.secret in found.text


@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        (f" {STRIPE}", "blanks or line breaks around it"),
        (f"{STRIPE}\n", "blanks or line breaks around it"),
        (f'"{STRIPE}"', "in quotes"),
        (f"„{STRIPE}“", "in quotes"),
        (STRIPE.replace("a1", "a\n1", 1), "a line break or an invisible character in it"),
        (STRIPE.replace("a1", "a\u200b1", 1), "a line break or an invisible character in it"),
        ("whsec_...", "copy the whole secret"),
        ("whsec_", "a secret of Stripe is whsec_ and 32 letters and digits or more"),
        ("a1B2" * 8, "a secret of Stripe is whsec_ and 32 letters and digits or more"),
    ],
)
def test_what_came_along_or_is_missing_is_told(secret, expected):
    found = judged("stripe", secret)

    assert found.impossible
    assert expected in found.text


@pytest.mark.parametrize("provider", SIGNED)
@pytest.mark.parametrize(
    ("secret", "what"),
    [
        ("https://api.example.com/webhooks/stripe", "an address"),
        ("STRIPE_WEBHOOK_SECRET=whsec_" + "a1B2" * 8, "leave out NAME="),
        ("export SECRET=a1B2c3D4e5F6a1B2c3D4", "leave out NAME="),
        ("whsec_xxxxxxxx", "a placeholder"),
        ("sk_live_51H8xyza1B2c3D4", "key of "),
        ("rk_test_51H8xyza1B2c3D4", "key of "),
        ("shpat_0123456789abcdef0123456789abcdef", ""),
    ],
)
def test_what_no_secret_looks_like_is_refused_for_every_billing_system(provider, secret, what):
    found = judged(provider, secret)

    assert found.impossible
    assert what in found.text


@pytest.mark.parametrize(
    ("provider", "secret"),
    [
        ("stripe", "whsec_short"),
        ("standard_webhooks", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ("xero", "a key that is no base64".replace(" ", "-")),
        ("woocommerce", "short"),
        ("lemonsqueezy", "sixsix"),
    ],
)
def test_what_verifies_and_is_hardly_the_secret_is_only_questioned(provider, secret):
    found = judged(provider, secret)

    assert not found.impossible
    assert registry.load(provider).ABOUT.shape.words in found.text


@pytest.mark.parametrize(
    ("provider", "secret"), [("lemonsqueezy", "five5"), ("lemonsqueezy", "x" * 41), ("braintree", "public")]
)
def test_a_length_or_a_part_that_is_never_so_is_refused(provider, secret):
    assert judged(provider, secret).impossible


@pytest.mark.parametrize("provider", SIGNED)
def test_no_objection_shows_the_secret(provider):
    for secret in ("sk_live_hidden", "hidden", '"hidden"', "hidden\n", "x" * 200 + "hidden"):
        found = judged(provider, secret)
        assert "hidden" not in (found.text if found else "")


def test_the_secrets_of_published_vectors_are_taken(payloads):
    vectors = json.loads((payloads / "_signature_vectors" / "vectors.json").read_text())["vectors"]
    real = [one for one in vectors if one.get("secret", "").startswith(("whsec_", "pdl_"))]

    assert real
    assert [one for one in real if judged(one["provider"].replace("standardw", "standard_w"), one["secret"])] == []
