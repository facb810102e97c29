"""The pages: a module each, whose functions take a visit and the stores, and return what is shown."""
