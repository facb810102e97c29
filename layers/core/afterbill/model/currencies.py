"""How many decimals a currency has, by ISO 4217; what people write may differ (CLDR shows dinars without any)."""

_ZERO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DECIMALS = "CLF UYW"
_EXPONENTS = {
    code: exponent
    for exponent, codes in ((0, _ZERO_DECIMALS), (3, _THREE_DECIMALS), (4, _FOUR_DECIMALS))
    for code in codes.split()
}
"""ISO 4217 minor units where they are not two."""


def exponent(currency: str) -> int:
    """How many decimals this currency has by ISO 4217; two for codes we do not know."""
    return _EXPONENTS.get(currency, 2)
