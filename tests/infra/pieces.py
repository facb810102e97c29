"""Pieces of small templates, good and bad, for the tests of our own rules."""

FUNCTION = """
  Answer:
    Type: AWS::Lambda::Function
    Properties:
      Role: arn:aws:iam::123456789012:role/answer
      Runtime: python3.13
      Handler: app.handler
      Code: {S3Bucket: artifacts, S3Key: answer.zip}
"""
LOGGED = FUNCTION + "      LoggingConfig: {LogGroup: !Ref Log}\n"
LOG = """
  Log:
    Type: AWS::Logs::LogGroup
    Properties: {RetentionInDays: 30}
"""
QUEUE = """
  Work:
    Type: AWS::SQS::Queue
    Properties: {VisibilityTimeout: 60}
"""
REDRIVEN_QUEUE = """
  Work:
    Type: AWS::SQS::Queue
    Properties:
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Failed.Arn, maxReceiveCount: 3}
  Failed:
    Type: AWS::SQS::Queue
"""
ALARM = """
  FailedAlarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Dimensions: [{Name: QueueName, Value: !GetAtt Failed.QueueName}]
      Namespace: AWS/SQS
      MetricName: ApproximateNumberOfMessagesVisible
      ComparisonOperator: GreaterThanThreshold
      EvaluationPeriods: 1
      Threshold: 0
"""
CONSUMER = """
  Consumer:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {FunctionName: !Ref Answer, EventSourceArn: !GetAtt Work.Arn}
"""
SCHEDULE = """
  Nightly:
    Type: AWS::Scheduler::Schedule
    Properties:
      ScheduleExpression: rate(1 day)
      FlexibleTimeWindow: {Mode: "OFF"}
      Target:
        Arn: !GetAtt Answer.Arn
        RoleArn: arn:aws:iam::123456789012:role/schedule
"""
RETRIED_SCHEDULE = (
    SCHEDULE
    + """
        RetryPolicy: {MaximumRetryAttempts: 3}
        DeadLetterConfig: {Arn: !GetAtt Failed.Arn}
"""
)
KEPT_CALLS = """
  Calls:
    Type: AWS::Lambda::EventInvokeConfig
    Properties:
      FunctionName: !Ref Answer
      Qualifier: $LATEST
      DestinationConfig: {OnFailure: {Destination: !GetAtt Failed.Arn}}
"""


def role(statement: str, metadata: str = "{}", managed: str = "[]") -> str:
    """A role with one statement."""
    return f"""
  Role:
    Type: AWS::IAM::Role
    Metadata: {metadata}
    Properties:
      AssumeRolePolicyDocument: {{}}
      ManagedPolicyArns: {managed}
      Policies:
        - PolicyName: all
          PolicyDocument:
            Statement: [{statement}]
"""
