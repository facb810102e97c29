"""The touchpoints of these tests that ask in the product: one by text message too who was never seen there."""

KIND = "release"
INSIDE = "estimate_accepted"

TABLES = f"""
[touchpoints.{KIND}]
stage = "loyalty"
channels = ["in_app", "sms"]

[touchpoints.{INSIDE}]
stage = "consideration"
channels = ["in_app"]
"""
