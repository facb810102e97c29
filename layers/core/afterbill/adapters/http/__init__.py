"""APIs of other systems over HTTP."""
