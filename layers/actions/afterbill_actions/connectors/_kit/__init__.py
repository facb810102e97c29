"""The kit that connectors share: what an HTTP answer means, and texts that other systems show."""
