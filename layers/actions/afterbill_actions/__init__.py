"""Actions: an answer moves something in the systems where people already work, exactly once in effect."""
