"""Tables of Amazon DynamoDB, over the engine's own transport: no SDK, no extra."""

from celigo_pandas.engine.adaptors.dynamodb.adaptor import DynamodbAdaptor

__all__ = ["DynamodbAdaptor", "adaptor"]

adaptor = DynamodbAdaptor()
"""The DynamoDB adaptor: connection type ``dynamodb``."""
