"""Two seeded years of customers with effects that are planted, for looking and for judging the reports."""
