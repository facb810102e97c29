"""Shopify: tags on an order and its customer, and the comment in the note of an order."""
