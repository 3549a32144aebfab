"""
CloudTrail's Event history, read through its API into the data stream of the trail's events.

importing   the events of one region, from the newest to the oldest; read this first
lookup      the edge to AWS: pages of events, at the rate that CloudTrail allows
reading     what becomes of one event
entries     what was imported, as it is entered in OpenSearch
covered     … and found there again
spans       what of a span of time is left to do
opening     all this, built from the configuration
"""
