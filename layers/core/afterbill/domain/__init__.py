"""The rules of afterbill: pure, standard library only, no clock, no randomness, no I/O."""
