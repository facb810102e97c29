"""One pure module per billing system: `verify` for signatures, `normalise` for meaning; no network, no clock."""
