"""`afterbill import responses`: answers that another product collected, from its export."""
