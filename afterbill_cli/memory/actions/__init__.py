"""The ports of actions in memory, one module for each part."""
