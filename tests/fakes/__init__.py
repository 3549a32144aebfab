"""
A queue, a store and a search engine in memory, behind the same protocols as the real ones, and a clock that jumps.

They keep time by the running event loop, do wrong only what they are told to, and remember what they were asked.
"""

from fakes.clock import Deadlock, on_fake_time
from fakes.engine import Action, FakeEngine, Fault
from fakes.queue import FakeQueue
from fakes.store import FakeStore, StoredObject

__all__ = ["Action", "Deadlock", "FakeEngine", "FakeQueue", "FakeStore", "Fault", "StoredObject", "on_fake_time"]
