"""From bytes to a stored fact: webhooks, polls, campaigns and imports."""
