"""Paths, addresses and names of the local stack."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = ROOT / "infra" / "template.yaml"
CONFIGURATION = ROOT / "afterbill_dev" / "local" / "config"
PROGRAMS = ROOT / ".venv-stack" / "bin"

LOCAL = ROOT / ".local"
STACK_FILE = LOCAL / "stack.json"
"""The description of the stack for other programs; it exists only while the stack is up."""
LOCK_FILE = LOCAL / "stack.lock"
RUN = LOCAL / "stack"
"""All other files of the running stack; `down` removes them."""
LOGS = RUN / "logs"
PIDS = RUN / "pids"
SCRATCH = RUN / "tmp"
DISCARDED = LOCAL
"""Folders that are being removed are moved here first."""
BUILD_CACHE = LOCAL / "cache" / "sam"
"""Stays: SAM CLI uses built layers again while their sources are the same."""
BUILD = BUILD_CACHE / "build"
AWS_BUILD = LOCAL / "cache" / "aws" / "build"
"""Everything that `make deploy` deploys; the cache of SAM CLI lies beside its files."""
CONFIGURED = BUILD / "ConfigLayer" / "python"
"""The configuration that is deployed."""
BILLING = RUN / "billing.json"
"""The credentials of the sources at the local billing systems."""

HOST = "127.0.0.1"
STACK_NAME = "afterbill-local"
REGION = "us-east-1"
ACCOUNT = "000000000000"
SENDER_DOMAIN = "afterbill.example"
SENDER = f"survey@{SENDER_DOMAIN}"
