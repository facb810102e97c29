"""Ports of the archive and of its reports over DynamoDB, S3, SQS and DuckDB."""
