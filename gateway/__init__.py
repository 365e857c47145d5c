"""The door in front of an API: tells over HTTP whether a token is good, and for what."""
