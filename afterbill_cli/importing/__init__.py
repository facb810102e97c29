"""`afterbill import`: customers and responses from a file."""
