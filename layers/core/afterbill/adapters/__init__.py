"""Adapters behind the ports: AWS, DynamoDB and HTTP."""
