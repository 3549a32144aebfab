"""
The delivery oracle: nothing lost, nothing twice, whatever breaks.

    generator ─▶ objects in S3, notifications in SQS
    plan ─▶ proxies for AWS and OpenSearch, and steps (signals, rollovers, restarts)
    fleet ─▶ one to three real daemons between the proxies
    evidence ─▶ what is to be seen in OpenSearch at the end
    oracle ─▶ what is wrong with that

`trial` runs one seed, `__main__` many of them; `docs/faults.md` tells how to use it.
"""
