"""Build the window of one tab: top bar, sidebar, messages, message box, traffic panel."""

from nicegui import ui

from sandbox.page.base.html_tags import tag
from sandbox.page.base.tab import Tab
from sandbox.page.layout.composer import Composer
from sandbox.page.layout.header import Header
from sandbox.page.layout.home_tab import HomeTab
from sandbox.page.layout.message_list import MessageList
from sandbox.page.layout.modal import Modal
from sandbox.page.layout.sidebar import Sidebar
from sandbox.page.layout.topbar import TopBar
from sandbox.page.layout.traffic_panel import TrafficPanel


def build_window(tab: Tab) -> None:
    """Build the window of a tab where the page is being built."""
    with tag("div", classes="window"):
        TopBar(tab, tag("header", classes="topbar"))
        with tag("div", classes="columns"):
            Sidebar(tab, tag("aside", classes="sidebar"))
            backdrop = tag("div", classes="veil", aria_hidden="true")
            with tag("main", classes="main"):
                Header(tab, tag("div", classes="header"))
                messages = tag("div", classes="messages", role="log", tabindex="0")
                messages.props["aria-label"] = "Messages"
                MessageList(tab, messages)
                HomeTab(tab, tag("div", classes="home"))
                Composer(tab, tag("div", classes="composer-holder"))
            TrafficPanel(tab, tag("aside", classes="traffic", aria_label="Traffic"))
    Modal(tab)
    ui.context.client.on_exception(_notify_failure)

    def close_drawer() -> None:
        tab.drawer_open = False
        tab.refresh()

    backdrop.listen("click", close_drawer)
    tab.refresh()


def _notify_failure(error: Exception) -> None:
    """Notify the user of a defect in the practice Slack; NiceGUI logs it to standard error."""
    ui.notify(
        f"The practice Slack failed here ({type(error).__name__}). The terminal in which it runs "
        "shows the details. Reload the page to go on.",
        type="warning",
    )
