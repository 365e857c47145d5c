"""The team's channel: say that it is lost, and let an admin choose another."""
