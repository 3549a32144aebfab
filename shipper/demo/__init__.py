"""
`shipper demo`: the main job, on this machine, with real services.

play          the demo from start to end: read this first
traffic       what is put into the bucket, and the numbers that must be found again; it is made of
                  cloudtrail (incidents, routine) and vpcflow records, in a world of made-up names, as objects
samples       the samples of all sources as objects
cloud         the bucket, and the queue that it notifies
child         the shipper's configuration, `shipper install`, and the daemon as a process of its own
waiting       until the daemon is done
accounts      what the daemon's metrics say became of every record
searches      what a user asks
answers       what OpenSearch answers
verdict       whether all of it agrees
report        all of it as text
"""

from shipper.demo.play import play

__all__ = ["play"]
