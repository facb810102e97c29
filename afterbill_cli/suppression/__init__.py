"""`afterbill suppression`: show why nobody writes to an address or number, and lift that where it was a mistake."""
