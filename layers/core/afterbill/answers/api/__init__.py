"""What the answer API says and understands; `openapi.json` is written from it by `make openapi`."""

from pathlib import Path

DOCUMENT = Path(__file__).with_name("openapi.json")
"""The OpenAPI document as it is served."""
