"""The bodies and problems of the answer API; `make openapi` writes `openapi.json.gz` from them."""

import gzip
from pathlib import Path

DOCUMENT = Path(__file__).with_name("openapi.json.gz")


def document() -> str:
    """The OpenAPI document as it is served."""
    return gzip.decompress(DOCUMENT.read_bytes()).decode()
