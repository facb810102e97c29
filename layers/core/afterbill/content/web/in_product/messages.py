"""Messages for developers in the console of the browser; users of the product see none of them."""

MESSAGES = {
    "origin": "pages of this origin may not ask: add it to the origins of [in_product] in surveys.toml",
    "method": "only POST is understood here",
    "type": "the body must be application/json",
    "too_large": "the body is larger than any answer",
    "address": "there is nothing at this address",
    "body": "the body must be a JSON object of plain values",
    "user": "user must be the customer's id, 1 to 200 characters: set data-user",
    "hash": "hash is missing: set data-hash to what your backend makes of the user's id",
    "survey": "survey must be the id of a survey that was offered",
    "rating": "rating must be a whole number on the scale of the question",
    "comment": "comment may have 10,000 characters at most",
    "reason": "reason must be one of those that were offered",
    "unproven": "hash is not the HMAC-SHA256 of this user's id with the secret of `afterbill in-product key`",
    "not_found": "this user was offered no such survey",
    "closed": "this survey can no longer be answered",
    "too_many": "this user asked too often: try again in a minute",
    "unavailable": "not available right now: try again in a minute",
}
"""By the name of the problem."""
