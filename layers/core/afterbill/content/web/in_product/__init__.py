"""What pages of the operator's product are given: the script, and the survey it shows."""
