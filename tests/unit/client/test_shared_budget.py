"""Processes that share an account's rate budget keep to their part of it."""

from __future__ import annotations

from celigo_pandas.client.pacing import RateBucket


def sent_within(bucket: RateBucket, seconds: float) -> int:
    """Count how many requests may begin in so long, from a bucket whose clock stands."""
    count = 0
    while bucket.reserve() <= seconds:
        count += 1
    return count


def test_processes_together_send_what_one_may():
    alone = sent_within(RateBucket(monotonic=lambda: 0.0), 10)
    buckets = [RateBucket(monotonic=lambda: 0.0) for _ in range(4)]
    for bucket in buckets:
        bucket.reserve()  # one that has begun full already
        bucket.share(4)
        bucket.share(4)  # said again by the next partition, it is the same share

    together = sum(sent_within(bucket, 10) for bucket in buckets)

    assert alone == 4000
    assert together <= alone


def test_a_share_grows_again_when_fewer_send():
    bucket = RateBucket(monotonic=lambda: 0.0)
    bucket.share(10)
    bucket.share(2)

    assert (bucket.capacity, bucket.refill_per_s) == (500, 150)
