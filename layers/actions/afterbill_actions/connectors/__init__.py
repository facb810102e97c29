"""The systems that actions write to: one package each, `actions.py` inside, found by `registry`."""
