"""The names by which listeners recognise what was pressed, chosen and filled in."""

from __future__ import annotations

# The action_id of buttons and menus.
NEW = "key_new"
LIST = "key_list"
HELP = "help"
SEARCH = "list_search"
SHOW_ALL = "list_all"
PAGE_BACK = "list_back"
PAGE_ON = "list_on"
KEY_MENU = "key_menu"
KEY_CHOICE = "key_choice"
STORED = "token_stored"
RENAME = "key_rename"
REVOKE = "key_revoke"
REVOKE_CONFIRMED = "key_revoke_confirmed"
CANCEL = "cancel"
ROTATE = "key_rotate"
ROTATION_END = "rotation_end"
ROTATION_EXTEND = "rotation_extend"
REVEAL = "token_reveal"

# What the entries of a key's menu, or a choice, stand for (Ref.do)
DO_RENAME = "rename"
DO_REVOKE = "revoke"
DO_DETAILS = "details"
DO_ROTATE = "rotate"

# The callback_id of modals.
NEW_MODAL = "new_modal"
RENAME_MODAL = "rename_modal"
RESULT_MODAL = "result_modal"
ROTATE_MODAL = "rotate_modal"
REVEAL_MODAL = "reveal_modal"

# The block_id of inputs; each has one element, of the action_id VALUE.
NAME = "name"
SCOPES = "scopes"
OWNER = "owner"
NOTE = "note"
ANYWAY = "anyway"
GRACE = "grace"
RECIPIENT = "recipient"
QUERY = "query"
VALUE = "value"
