"""The budgets of docs/budgets.md, measured on this machine by `make bench`."""
