"""Working twins of the ports in memory: for tests, fault injection, simulation and benchmarks."""
