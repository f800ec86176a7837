"""Mapping experiments on frames: suggest, coverage, diff, blame, report, frozen examples, verification."""
