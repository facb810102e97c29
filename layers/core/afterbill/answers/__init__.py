"""Answers: recorded, collected from elsewhere, and told from what machines do."""
