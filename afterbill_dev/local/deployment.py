"""Building and deploying the template with SAM CLI, as an operator does, with the values of a laptop."""

import os
import platform
import subprocess

import boto3

from afterbill_dev.deploy import layers
from afterbill_dev.local import processes
from afterbill_dev.local.processes import StackError
from afterbill_dev.paths import (
    BUILD,
    BUILD_CACHE,
    PROGRAMS,
    REGION,
    RUN,
    SENDER,
    STACK_NAME,
    TEMPLATE,
)

SAM = PROGRAMS / "sam"
BUCKET = "afterbill-local-artifacts"
ASK_FOR_VERSION = "import sys; print('python%d.%d' % sys.version_info[:2])"


def build() -> None:
    """Build every function and layer into .local; the configuration is put over what was built."""
    if not SAM.exists():
        raise StackError(f"{SAM} is missing: run `make setup`, which installs it.")
    BUILD_CACHE.mkdir(parents=True, exist_ok=True)
    command = [str(SAM), "build", "--cached", "--template", str(TEMPLATE), "--build-dir", str(BUILD)]
    processes.run("sam-build", [*command, "--parameter-overrides", *_machine()], _environment(), BUILD_CACHE)


def finish() -> None:
    """Make the layers ready, once the configuration is in its place."""
    layers.prune_languages(BUILD)
    processes.run("compile", layers.compilation(BUILD, PROGRAMS / "python"), _environment(), RUN)


def deploy(public_url: str, console_url: str, sign_in_url: str) -> dict[str, str]:
    """Deploy what was built, reached at these addresses; the outputs of the stack."""
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    values = [
        *_machine(),
        f"SenderAddress={SENDER}",
        f"PublicUrl={public_url}",
        f"ConsoleUrl={console_url}",
        f"SignInUrl={sign_in_url}",
        "LoginBranding=false",
        "FlexibleWindowMinutes=0",
        "ComputeRate='rate(1 minute)'",
        "NotifyRate='rate(1 minute)'",
        "PollRate='rate(1 minute)'",
        "CampaignRate='rate(1 minute)'",
        "ReportMinutes=1",
        "EvidenceDays=7",
        "SmsService=sns",
    ]
    command = [str(SAM), "deploy", "--template-file", str(BUILD / "template.yaml"), "--stack-name", STACK_NAME]
    options = ["--s3-bucket", BUCKET, "--region", REGION, "--capabilities", "CAPABILITY_IAM", "--no-progressbar"]
    processes.run("sam-deploy", [*command, *options, "--parameter-overrides", *values], _environment(), RUN)
    stack = boto3.client("cloudformation").describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def _machine() -> list[str]:
    """MiniStack runs every function with its own interpreter: packages must be built for that one."""
    asked = subprocess.run(
        [str(PROGRAMS / "python"), "-c", ASK_FOR_VERSION], check=True, capture_output=True, text=True
    )
    architecture = "arm64" if platform.machine() in {"aarch64", "arm64"} else "x86_64"
    return [f"Runtime={asked.stdout.strip()}", f"Architecture={architecture}"]


def _environment() -> dict[str, str]:
    """SAM CLI looks on PATH for an interpreter of the runtime's version; MiniStack's own comes first."""
    path = os.pathsep.join([str(PROGRAMS), os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path, "SAM_CLI_TELEMETRY": "0"}
