"""The demonstration: an example API behind the gateway, and what shows the whole job."""
