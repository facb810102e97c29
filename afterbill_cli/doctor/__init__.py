"""`afterbill doctor`: what keeps a deployed stack from sending, or soon will, and what to do about it."""
