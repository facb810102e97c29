"""The edge of Lambda: HTTP events, batches, logs and metrics."""
