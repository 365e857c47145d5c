"""The practice Slack's page in the browser.

`attach(app, slack)` puts the page at ``/`` of the application that already serves the Web API, so
that one event loop serves both. The address keeps who acts and where: ``/?as=alice&in=C123``.

Where things are: `shell` puts the window together; `tab` is one browser tab's state; every
`Component` draws one region and draws it anew only when what it shows has changed; `blocks` and
`elements` draw Block Kit. Why NiceGUI: `docs/decisions/page-library.md`.
"""

from sandbox.page.app import attach

__all__ = ["attach"]
