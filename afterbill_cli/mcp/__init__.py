"""`afterbill mcp`: a read-only server for assistants, over the stored reports."""
