"""`afterbill import`: customers of before, from a file."""
