"""The console without a stack: seeded history, stores in memory, a sign-in by a click; for tests and for looking."""
