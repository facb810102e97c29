"""The price of one unit, as a list price of us-east-1 without free tiers and discounts.

Other regions differ: in eu-central-1 the table and the logs are up to a quarter dearer, most of the rest is not.
"""

from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """The kinds of units that are counted."""

    WRITE = "DynamoDB write unit"
    READ = "DynamoDB read unit"
    LOG_BYTE = "byte into CloudWatch Logs"
    REQUEST = "request to the HTTP API"
    INVOCATION = "Lambda invocation"
    GB_SECOND = "Lambda GB-second on arm64"
    QUEUE_REQUEST = "SQS request"
    SCHEDULE = "Scheduler invocation"
    NOTIFICATION = "SNS publication"
    EVENT = "event onto the bus"
    MAIL = "SES mail"
    PUT = "S3 PUT request"
    GET = "S3 GET request"
    METRIC_READ = "metric asked for by GetMetricData"
    ALARM = "alarm metric, a month"
    METRIC = "custom metric, a month"
    SECRET = "secret, a month"  # noqa: S105  # a unit
    DASHBOARD = "dashboard, a month"
    BACKUP_GB = "GB with point-in-time recovery, a month"


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars for `per` of a unit, and where and when that was read."""

    dollars: float
    per: int
    source: str
    read: str

    @property
    def each(self) -> float:
        """Dollars of one."""
        return self.dollars / self.per


_MILLION, _GB = 1_000_000, 1_000_000_000
_LAMBDA, _EVENTBRIDGE = "aws.amazon.com/lambda/pricing", "cloudburn.io/blog/amazon-eventbridge-pricing"
_CLOUDWATCH, _DYNAMODB = "aws.amazon.com/cloudwatch/pricing", "airbyte.com/data-engineering-resources/dynamodb-pricing"

PRICES = {
    Unit.WRITE: Price(0.625, _MILLION, _DYNAMODB, "2026-11"),
    Unit.READ: Price(0.125, _MILLION, _DYNAMODB, "2026-11"),
    Unit.LOG_BYTE: Price(0.50, _GB, _CLOUDWATCH, "2026-11"),
    Unit.REQUEST: Price(1.00, _MILLION, "aws.amazon.com/api-gateway/pricing", "2026-11"),
    Unit.INVOCATION: Price(0.20, _MILLION, _LAMBDA, "2026-11"),
    Unit.GB_SECOND: Price(13.3334, _MILLION, _LAMBDA, "2026-11"),
    Unit.QUEUE_REQUEST: Price(0.40, _MILLION, "aws.amazon.com/sqs/pricing", "2026-11"),
    Unit.SCHEDULE: Price(1.00, _MILLION, _EVENTBRIDGE, "2026-03"),
    Unit.NOTIFICATION: Price(0.50, _MILLION, "aws.amazon.com/sns/pricing", "2026-11"),
    Unit.EVENT: Price(1.00, _MILLION, _EVENTBRIDGE, "2026-03"),
    Unit.MAIL: Price(0.10, 1_000, "aws.amazon.com/ses/pricing", "2026-11"),
    Unit.PUT: Price(0.005, 1_000, "aws.amazon.com/s3/pricing", "2026-11"),
    Unit.GET: Price(0.0004, 1_000, "aws.amazon.com/s3/pricing, as remembered", "2026-11"),
    Unit.METRIC_READ: Price(0.01, 1_000, "support.site24x7.com: CloudWatch metrics cost calculation", "2026-12"),
    Unit.ALARM: Price(0.10, 1, _CLOUDWATCH, "2026-11"),
    Unit.METRIC: Price(0.30, 1, _CLOUDWATCH, "2026-11"),
    Unit.SECRET: Price(0.40, 1, "aws.amazon.com/secrets-manager/pricing", "2026-11"),
    Unit.DASHBOARD: Price(0.00, 1, f"{_CLOUDWATCH}: three of an account are free, then $3", "2026-11"),
    Unit.BACKUP_GB: Price(0.20, 1, "aws.amazon.com/dynamodb/pricing", "2026-11"),
}
