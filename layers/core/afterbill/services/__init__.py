"""One module per use case: plain functions over ports, named like the Lambda functions that run them."""
