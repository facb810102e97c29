"""afterbill asks customers one question after a billing event and computes a score that can be trusted."""
