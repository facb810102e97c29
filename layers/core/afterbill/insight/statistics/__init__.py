"""What reports reckon with beside the scores themselves: many comparisons, exact parts, weights, shares of variance."""
