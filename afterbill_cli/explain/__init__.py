"""`afterbill explain`: the story of a customer, an event or an invitation, from the table."""
