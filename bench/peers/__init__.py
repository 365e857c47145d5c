"""Other systems that verify API keys, each installed from a lock of its own and measured beside
the gateway. What each was given is said where it is configured: the fastest of what its own
documentation offers.

Nothing of these folders is imported by the project; their code runs in environments of its own.
"""
