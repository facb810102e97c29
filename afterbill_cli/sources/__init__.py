"""`afterbill source`: connect billing systems, and test the connection."""
