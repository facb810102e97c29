"""Checks of a deployed stack over the APIs of AWS; the doctor and check_health run the same ones."""
