"""Benchmarks: what is compared is measured side by side in one run, and told as ratios.

`make bench` runs all of them (bench/__main__.py); bench/servers.py compares HTTP servers.
"""
