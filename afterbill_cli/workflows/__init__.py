"""`afterbill workflow`: the workflows there are, what they made of a response, and a trial of one."""
