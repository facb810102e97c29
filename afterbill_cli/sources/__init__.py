"""`afterbill source`: connecting billing systems, and finding out whether they are."""
