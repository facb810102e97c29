"""`afterbill report`: what the scores mean, as tables, JSON and spreadsheets."""
