"""The ports over DynamoDB, SQS, EventBridge, Secrets Manager and HTTP."""
