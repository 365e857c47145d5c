"""Verify API keys over HTTP, for proxies and programs."""
