"""Messages of SNS as a queue holds them."""

import json


def message_in(body: str) -> str:
    """Return the message in the body of an SQS record: SNS wraps it, unless its raw delivery is switched on."""
    try:
        wrapper = json.loads(body)
    except ValueError:
        return body
    message = wrapper.get("Message") if isinstance(wrapper, dict) else None
    return message if isinstance(message, str) else body
