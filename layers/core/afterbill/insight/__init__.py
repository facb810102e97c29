"""Scores: counted, stored and watched."""
