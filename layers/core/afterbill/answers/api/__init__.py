"""The bodies and problems of the answer API; `make openapi` writes `openapi.json` from them."""

from pathlib import Path

DOCUMENT = Path(__file__).with_name("openapi.json")
"""The OpenAPI document as it is served."""
