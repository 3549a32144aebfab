"""
How fast the shipper is, how much memory it takes, and how near it comes to what the machine could do at best.

    python -m benchmarks            speed of every source, and end to end with a real OpenSearch
    python -m benchmarks large      peak memory on objects of 1 GB

Run with `tests` on the path; `make bench` and `make bench-large` do. Both write `build/bench.json`.
"""
