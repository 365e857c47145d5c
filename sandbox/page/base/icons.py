"""The page's icons, as inline SVG."""

from sandbox.page.base.html_tags import markup


def _line(path: str, size: int = 20) -> str:
    return (
        f'<svg viewBox="0 0 20 20" width="{size}" height="{size}" fill="none" stroke="currentColor"'
        ' stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">'
        f"{path}</svg>"
    )


_PATHS = {
    "hash": '<path d="M8 3 6 17M14 3l-2 14M4 7.5h13M3 12.5h13"/>',
    "lock": '<rect x="4.5" y="9" width="11" height="8" rx="1.5"/>'
    '<path d="M7 9V6.5a3 3 0 0 1 6 0V9"/>',
    "eye": '<path d="M2 10s3-5 8-5 8 5 8 5-3 5-8 5-8-5-8-5z"/><circle cx="10" cy="10" r="2.3"/>',
    "dots": '<g fill="currentColor" stroke="none"><circle cx="10" cy="4.5" r="1.5"/>'
    '<circle cx="10" cy="10" r="1.5"/><circle cx="10" cy="15.5" r="1.5"/></g>',
    "chevron": '<path d="m5.5 8 4.5 4.5L14.5 8"/>',
    "right": '<path d="m8 5.5 4.5 4.5L8 14.5"/>',
    "close": '<path d="m5 5 10 10M15 5 5 15"/>',
    "menu": '<path d="M3 5.5h14M3 10h14M3 14.5h14"/>',
    "send": '<path d="M3.5 10 3 3.5 17.5 10 3 16.5 3.5 10zm0 0h7"/>',
    "back": '<path d="m11.5 4.5-6 5.5 6 5.5"/>',
    "people": '<circle cx="7.5" cy="7" r="2.7"/><path d="M2.5 16c0-3 2-4.6 5-4.6s5 1.6 5 4.6"/>'
    '<path d="M13 4.6a2.6 2.6 0 0 1 0 4.9M14.6 11.8c1.9.6 2.9 2 2.9 4.2"/>',
    "warning": '<path d="M10 3 2.5 16.5h15L10 3z"/><path d="M10 8.5v3.8M10 14.4v.2"/>',
    "traffic": '<path d="M6 16V4M3 7l3-3 3 3M14 4v12M11 13l3 3 3-3"/>',
    "calendar": '<rect x="3" y="4.5" width="14" height="12.5" rx="2"/>'
    '<path d="M3 8.5h14M7 3v3M13 3v3"/>',
    "clock": '<circle cx="10" cy="10" r="7.2"/><path d="M10 5.8V10l2.8 1.8"/>',
    "phone": '<rect x="6" y="2.5" width="8" height="15" rx="1.8"/><path d="M9 15h2"/>',
    "file": '<path d="M5 3h7l3.5 3.5V17H5z"/><path d="M12 3v3.5h3.5"/>',
    "key": '<circle cx="7" cy="13" r="3.4"/><path d="m9.5 10.5 7-7M13.5 6.5l2 2"/>',
    "check": '<path d="m4.5 10.5 3.5 3.5 7.5-8"/>',
}


def svg(name: str, size: int = 20) -> str:
    """Return the SVG of an icon, `size` pixels wide."""
    return _line(_PATHS[name], size)


def icon(name: str, size: int = 20, classes: str = "") -> None:
    """Render an icon, hidden from screen readers."""
    markup(svg(name, size), f"icon {classes}".strip(), "span")
