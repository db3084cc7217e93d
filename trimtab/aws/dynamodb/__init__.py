"""DynamoDB as the table uses it: seven operations, signed and sent by no more code than they take.

boto3 can all of AWS, and each function that only reads and writes records would pay for that: 0.2 s of a cold start,
and several times the processor time of each call. Outside of a function, where credentials come from profiles and
tests listen in, boto3 does the same work.
"""

from trimtab.aws.dynamodb.client import DynamoDB

__all__ = ["DynamoDB"]
