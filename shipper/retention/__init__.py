"""
How long documents are kept: policies of index state management (OpenSearch) and index lifecycles (Elasticsearch).

policy   a policy as it is installed, and which rule of the settings it is made of
ism      rule → policy of OpenSearch, and the requests that install it
ilm      the same for Elasticsearch
"""

from shipper.retention.ilm import Lifecycles
from shipper.retention.ism import StateManagement
from shipper.retention.policy import Policies, Policy, Present, rules

__all__ = ["Lifecycles", "Policies", "Policy", "Present", "StateManagement", "rules"]
