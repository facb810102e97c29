"""Insight: changes are tracked, answers counted, scores computed and compared."""
