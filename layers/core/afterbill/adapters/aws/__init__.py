"""The only boto3 of the project."""
