"""
How hard the property tests try: a few fixed examples each, or many random ones with `SHIPPER_PROPERTIES=<number>`.

For a long run: `SHIPPER_PROPERTIES=20000 pytest tests/test_formats_json.py`.
"""

import os
from typing import Final

from hypothesis import HealthCheck, settings

_NUMBER: Final = int(os.environ.get("SHIPPER_PROPERTIES", "0"))

tried = settings(
    max_examples=_NUMBER or 20,
    derandomize=not _NUMBER,  # the suite fails today if and only if it fails tomorrow
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
"""Decorates every property."""
