"""Microsoft Teams: an Adaptive Card to the address of a workflow."""
