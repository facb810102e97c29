"""The statistics of reports beside scores: many comparisons, exact parts, weights, shares of variance, survival."""
