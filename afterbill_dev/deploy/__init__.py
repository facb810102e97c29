"""The programs of `make build` and `make deploy`: from an operator's folder to a stack in AWS."""
