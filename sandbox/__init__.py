"""A practice Slack on this machine: a workspace in which to try and test a Slack app.

It speaks the Web API, Socket Mode and signed HTTP, is as strict as Slack or stricter, and knows
nothing of any particular app: everything it knows about an app comes from its manifest.

Start one, and point an app at it::

    from sandbox.sandbox import Sandbox

    with Sandbox(Path("manifest.yml")) as slack:
        client = WebClient(token=slack.bot_token, base_url=slack.api_url)
        alice = slack.add_person("alice", role="admin")
        alice.types("/hello world")
        alice.sees("Hello")

The app opens a socket, or listens for signed requests where `slack.deliver_to(url)` sends them.

What is where:

- `slack.workspace` (`sandbox.state.workspace.Workspace`): the state, safe to read from any thread;
  its reading functions return copies. `workspace.subscribe(callback)` calls back after every change
  and returns a function that unsubscribes. The callback runs in the changing thread, has no
  arguments, and must be quick (set a flag, wake a loop). `workspace.version` grows with every
  change.
- `slack.actions` (`sandbox.users.actions.UserActions`): what a user can do with a mouse and a
  keyboard, by user id: type, press, enter, submit, close, open the Home. The page and `User` both
  use it, so they cannot differ. These functions wait for the app's acknowledgement (up to 3 s):
  call them from a thread, never from the event loop that serves the page.
- `slack.person("alice")` (`sandbox.users.user.User`): the same for tests, in words.
- `slack.traffic`: every exchange in both directions; `slack.calls(method)`: calls of the Web API.
- `slack.faults`: ways to misbehave.
- `Sandbox(…, folder=…)` keeps the workspace between runs. `redact` removes from every text what
  must not be written, such as the tokens that an app posts.

For tests without sockets do not start it: see `sandbox.sandbox.Sandbox`.
"""

from sandbox.base import former_names

former_names.install()
