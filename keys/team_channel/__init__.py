"""The team's channel: which it is, and that messages cannot be posted there."""
