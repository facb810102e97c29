"""Parts that several connectors are made of."""
