"""One package per billing system, pure: no network, no clock. intake/connector.py says what each offers."""
