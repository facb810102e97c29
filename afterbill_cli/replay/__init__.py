"""`afterbill replay`: webhooks of before go through the inbox again."""
