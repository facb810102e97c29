"""Turn bytes into stored facts: webhooks, polls, campaigns and imports."""
