"""Surveys inside the operator's product: the script for its pages, and the survey the script shows."""
