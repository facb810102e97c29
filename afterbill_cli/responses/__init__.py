"""`afterbill responses`: what customers answered, word for word."""
