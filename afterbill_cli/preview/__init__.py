"""Mails and pages in every state and language, without anything that is deployed."""
