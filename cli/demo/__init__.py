"""The demo: a practice Slack, the bot, the gateway, and an example API behind it."""
