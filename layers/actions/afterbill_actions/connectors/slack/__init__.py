"""Slack: messages by a bot token, or by an incoming webhook."""
