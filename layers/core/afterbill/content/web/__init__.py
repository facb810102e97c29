"""The pages a customer sees: plain HTML that works without scripts."""
