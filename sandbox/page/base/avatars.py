"""Avatars: initials on a colour, as Slack shows for people without a photo."""

from sandbox.page.base.formatting import avatar_colour, initials
from sandbox.page.base.html_tags import tag
from sandbox.page.base.protocols import PageSandbox


def avatar(slack: PageSandbox, user: str, size: int) -> None:
    """Render a user's avatar.

    Args:
        slack: the practice Slack they are in.
        user: their id; the app's avatar has the colour in its manifest.
        size: its side, in pixels.
    """
    account = slack.workspace.account(user)
    name = account.real_name if account else "Slackbot"
    colour = avatar_colour(user)
    if account is not None and account.is_bot:
        colour = slack.workspace.manifest.background_color
    made = tag("span", initials(name), "face", aria_hidden="true")
    made.style(
        f"background:{colour};width:{size}px;height:{size}px;"
        f"font-size:{max(9, round(size * 0.4))}px;border-radius:{max(3, round(size * 0.2))}px"
    )
