"""The one touchpoint of these tests that asks in the product, and by text message who was never seen there."""

KIND = "release"

TABLES = f"""
[touchpoints.{KIND}]
stage = "loyalty"
channels = ["in_app", "sms"]
"""
