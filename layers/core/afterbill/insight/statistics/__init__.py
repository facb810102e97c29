"""The statistics of reports beside the scores themselves: many comparisons, exact parts, weights, shares of variance."""
