"""Signed webhooks to systems of the operator's own, as Standard Webhooks has them."""
