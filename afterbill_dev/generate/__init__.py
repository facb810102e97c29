"""Files that are written from code or from data of others, and committed."""
