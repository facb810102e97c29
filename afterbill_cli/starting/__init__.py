"""`afterbill init`: a folder of the operator's own, from five answers."""
