"""The practice Slack's page in the browser.

`attach(app, slack)` puts the page at ``/`` of the application that already serves the Web API, so
that one event loop serves both. The address holds the user and the channel: ``/?as=alice&in=C123``.

Where things are: `layout.window` builds the window; `base.tab` is one browser tab's state; every
`base.component.Component` renders one region, again only when what it shows has changed;
`elements` renders Block Kit. Why NiceGUI: `docs/decisions/page-library.md`.
"""

from sandbox.page.app import attach

__all__ = ["attach"]
