"""What `make build` and `make deploy` run: from an operator's folder to a stack in AWS."""
