"""Ways of paying, each under one name, however a billing system spells it."""

import re
from functools import lru_cache

from afterbill.connectors._kit.json import text

_LONGEST = 40
_WORD = re.compile(r"(?!.*\d{4})\w+")
"""No number of a card or an account: those have four digits in a row."""
_SPELLED = {
    "card": "credit_card creditcard debit_card card_present visa mastercard amex american_express "
    "discover diners diners_club jcb unionpay eurocard",
    "paypal": "paypal_account paypal_express_checkout paypal_billing_agreement ppcp_gateway "
    "ppec_paypal instant_transfer",
    "apple_pay": "applepay apple_pay_card braintree_apple_pay",
    "google_pay": "googlepay google_pay_card android_pay_card braintree_google_pay",
    "sepa_debit": "sepa_core sepa_cor1 sepa_debit_account iban_bank_account directdebit stripe_sepa stripe_sepa_debit",
    "bacs_debit": "bacs",
    "ach_debit": "ach us_bank_account bank_account_info",
    "bank_transfer": "banktransfer bank_deposit wire wire_transfer manual_bank_transfer woocommerce:bacs",
    "cash": "cod cash_on_delivery cash_on_delivery_cod",
    "check": "cheque",
}
"""Our name -> the spellings of billing systems; one that means something else at one system has that before a colon."""
_NAMES = {spelling: name for name, spellings in _SPELLED.items() for spelling in spellings.split()}


def method_of(value: object, provider: str = "") -> str:
    """Return a way of paying in lower case with underscores, at most 40 characters; empty for what is no word."""
    return _method(value, provider) if isinstance(value, str) else ""


@lru_cache(maxsize=256)
def _method(value: str, provider: str) -> str:
    word = re.sub(r"\W+", "_", (text(value, _LONGEST) or "").lower()).strip("_")
    if not _WORD.fullmatch(word):
        return ""
    return _NAMES.get(f"{provider}:{word}") or _NAMES.get(word, word)
