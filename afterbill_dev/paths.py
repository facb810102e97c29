"""Where the local stack keeps what, and which addresses and names it uses."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = ROOT / "infra" / "template.yaml"
CONFIGURATION = ROOT / "afterbill_dev" / "local" / "config"
PROGRAMS = ROOT / ".venv-stack" / "bin"

LOCAL = ROOT / ".local"
STACK_FILE = LOCAL / "stack.json"
"""What other programs need to use the stack; there only while it is up."""
LOCK_FILE = LOCAL / "stack.lock"
RUN = LOCAL / "stack"
"""Everything else of the running stack, removed by `down`."""
LOGS = RUN / "logs"
PIDS = RUN / "pids"
SCRATCH = RUN / "tmp"
DISCARDED = LOCAL
"""Where folders wait that are being removed."""
BUILD_CACHE = LOCAL / "cache" / "sam"
"""Stays: SAM CLI uses built layers again while their sources are the same."""
BUILD = BUILD_CACHE / "build"
CONFIGURED = BUILD / "ConfigLayer" / "python"
"""The configuration that is deployed."""
BILLING = RUN / "billing.json"
"""What the billing systems know of the sources: their credentials."""

HOST = "127.0.0.1"
STACK_NAME = "afterbill-local"
REGION = "us-east-1"
ACCOUNT = "000000000000"
SENDER_DOMAIN = "afterbill.example"
SENDER = f"survey@{SENDER_DOMAIN}"
