"""People as operators name them: by address, number, id, alias, invitation or link."""
