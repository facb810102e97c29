"""Freshdesk: a ticket about an answer, and the priority of tickets that stand."""
