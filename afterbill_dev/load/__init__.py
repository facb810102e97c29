"""A model of the AWS services that a stack meets, with their limits, around the real handlers and the memory twins."""
