"""
What wraps a log on its way to S3, taken off once for all sources, without any I/O.

CloudWatch Logs subscriptions, EventBridge rules, Firehose streams and CloudWatch export tasks put envelopes around what
a service wrote. `Enveloped` is a layer between the blocks of an object and the source's own format: it tells from the
first bytes of the object whether there are envelopes, and if not, leaves the blocks and their records alone.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3Export.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-firehose.html
"""

from shipper.envelopes.contents import Context
from shipper.envelopes.enveloped import Enveloped, EnvelopedDecoder

__all__ = ["Context", "Enveloped", "EnvelopedDecoder"]
