"""Every word and page that a customer meets."""
