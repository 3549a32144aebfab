"""Tests with real services on this machine."""
