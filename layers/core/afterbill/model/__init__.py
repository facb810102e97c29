"""Words that every wing shares: pure, and nothing but the standard library."""
