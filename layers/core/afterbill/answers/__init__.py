"""Answers people give, and whether people gave them."""
