"""The ports of the console over AWS."""
