"""All limits of Block Kit.

Lengths are in characters, sizes in bytes, the rest in items. The page of each rule is named where
it is used (``blocks.py``, ``elements/``, ``composition_objects.py``, ``surfaces.py``); pages are
below https://docs.slack.dev/reference/.
"""

from __future__ import annotations

from typing import Final

# Whole payloads: block-kit/blocks, views/modal-views, methods/chat.postMessage, methods/chat.update
MESSAGE_BLOCKS: Final = 50
VIEW_BLOCKS: Final = 100
MESSAGE_TEXT: Final = 40_000
"""``chat.postMessage`` cuts a longer text; it does not refuse it."""
UPDATE_TEXT: Final = 4_000
"""``chat.update`` refuses a longer text with ``msg_too_long``."""
ATTACHMENTS: Final = 100
TABLES_IN_MESSAGE: Final = 1
TABLE_CHARACTERS: Final = 10_000
MARKDOWN_CHARACTERS: Final = 12_000
METADATA_BYTES: Final = 16_000
VIEW_BYTES: Final = 250_000
VIEW_TITLE: Final = 24
PRIVATE_METADATA: Final = 3_000
CALLBACK_ID: Final = 255
EXTERNAL_ID: Final = 255
MODAL_STACK: Final = 3
"""https://docs.slack.dev/surfaces/modals"""

# Ids and texts shared by everything
BLOCK_ID: Final = 255
ACTION_ID: Final = 255
TEXT: Final = 3_000
URL: Final = 3_000
PLACEHOLDER: Final = 150

# block-kit/composition-objects
CONFIRM_TITLE: Final = 100
CONFIRM_TEXT: Final = 300
CONFIRM_BUTTON: Final = 30
OPTION_TEXT: Final = 75
OPTION_VALUE: Final = 150
OPTION_DESCRIPTION: Final = 75
OPTION_GROUP_LABEL: Final = 75
OPTIONS: Final = 100
OPTION_GROUPS: Final = 100

# block-kit/blocks
SECTION_FIELDS: Final = 10
SECTION_FIELD: Final = 2_000
HEADER: Final = 150
CONTEXT_ELEMENTS: Final = 10
CONTEXT_ACTIONS_ELEMENTS: Final = 5
ACTIONS_ELEMENTS: Final = 25
INPUT_LABEL: Final = 2_000
INPUT_HINT: Final = 2_000
IMAGE_TITLE: Final = 2_000
ALT_TEXT: Final = 2_000
VIDEO_TITLE: Final = 199
VIDEO_AUTHOR: Final = 49
VIDEO_DESCRIPTION: Final = 200
TABLE_ROWS: Final = 100
TABLE_COLUMNS: Final = 20

# block-kit/block-elements
BUTTON_TEXT: Final = 75
BUTTON_VALUE: Final = 2_000
ACCESSIBILITY_LABEL: Final = 75
OVERFLOW_OPTIONS: Final = 5
CHOICES: Final = 10
"""Options of a checkbox or radio button group."""
INPUT_LENGTH: Final = 3_000
"""The largest ``min_length`` and ``max_length`` of a plain-text input."""
FILES: Final = 10
VISIBLE_TO: Final = 10
RICH_TEXT_INDENT: Final = 8
