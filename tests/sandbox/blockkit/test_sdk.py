"""The rules agree with those of Slack's own Python SDK wherever it has one."""

from __future__ import annotations

import pytest
from slack_sdk.models import blocks as sdk
from slack_sdk.models.views import View

from sandbox.blockkit import check_message, check_view
from sandbox.blockkit.base import limits


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (limits.BLOCK_ID, sdk.Block.block_id_max_length),
        (limits.ACTION_ID, sdk.InteractiveElement.action_id_max_length),
        (limits.PLACEHOLDER, sdk.InputInteractiveElement.placeholder_max_length),
        (limits.TEXT, sdk.SectionBlock.text_max_length),
        (limits.SECTION_FIELDS, sdk.SectionBlock.fields_max_length),
        (limits.HEADER, sdk.HeaderBlock.text_max_length),
        (limits.CONTEXT_ELEMENTS, sdk.ContextBlock.elements_max_length),
        (limits.CONTEXT_ACTIONS_ELEMENTS, sdk.ContextActionsBlock.elements_max_length),
        (limits.ACTIONS_ELEMENTS, sdk.ActionsBlock.elements_max_length),
        (limits.INPUT_LABEL, sdk.InputBlock.label_max_length),
        (limits.INPUT_HINT, sdk.InputBlock.hint_max_length),
        (limits.URL, sdk.ImageBlock.image_url_max_length),
        (limits.ALT_TEXT, sdk.ImageBlock.alt_text_max_length),
        (limits.IMAGE_TITLE, sdk.ImageBlock.title_max_length),
        (limits.MARKDOWN_CHARACTERS, sdk.MarkdownBlock.text_max_length),
        (limits.BUTTON_TEXT, sdk.ButtonElement.text_max_length),
        (limits.BUTTON_VALUE, sdk.ButtonElement.value_max_length),
        (limits.URL, sdk.ButtonElement.url_max_length),
        (limits.OPTIONS, sdk.StaticSelectElement.options_max_length),
        (limits.OPTION_GROUPS, sdk.StaticSelectElement.option_groups_max_length),
        (limits.OVERFLOW_OPTIONS, sdk.OverflowMenuElement.options_max_length),
        (limits.OPTION_TEXT, sdk.Option.label_max_length),
        (limits.OPTION_VALUE, sdk.Option.value_max_length),
        (limits.OPTION_GROUP_LABEL, sdk.OptionGroup.label_max_length),
        (limits.CONFIRM_TITLE, sdk.ConfirmObject.title_max_length),
        (limits.CONFIRM_TEXT, sdk.ConfirmObject.text_max_length),
        (limits.CONFIRM_BUTTON, sdk.ConfirmObject.confirm_max_length),
        (limits.CONFIRM_BUTTON, sdk.ConfirmObject.deny_max_length),
        (limits.VIEW_TITLE, View.title_max_length),
        (limits.VIEW_TITLE, View.submit_max_length),
        (limits.VIEW_TITLE, View.close_max_length),
        (limits.VIEW_BLOCKS, View.blocks_max_length),
        (limits.PRIVATE_METADATA, View.private_metadata_max_length),
        (limits.CALLBACK_ID, View.callback_id_max_length),
    ],
)
def test_limits_are_those_of_the_sdk(ours: int, theirs: int) -> None:
    assert ours == theirs


def test_a_message_built_with_the_sdk_passes() -> None:
    ask = sdk.ConfirmObject(
        title="Revoke it?", text=sdk.PlainTextObject(text="For good."), confirm="Yes", deny="No"
    )
    blocks = [
        sdk.HeaderBlock(text="Keys"),
        sdk.SectionBlock(
            text="*Zapier*",
            block_id="row",
            fields=["a", "b"],
            accessory=sdk.OverflowMenuElement(
                action_id="menu",
                options=[sdk.Option(value="a", label="Rename"), sdk.Option(value="b", label="Cut")],
            ),
        ),
        sdk.ContextBlock(elements=[sdk.MarkdownTextObject(text="_old_")]),
        sdk.DividerBlock(),
        sdk.ActionsBlock(
            elements=[
                sdk.ButtonElement(text="Revoke", action_id="go", style="danger", confirm=ask),
                sdk.UserSelectElement(action_id="who", placeholder="Owner"),
                sdk.DatePickerElement(action_id="when", initial_date="2024-02-29"),
            ]
        ),
    ]
    check_message({"text": "Keys", "blocks": [block.to_dict() for block in blocks]})


def test_a_view_built_with_the_sdk_passes() -> None:
    view = View(
        type="modal",
        title="New key",
        submit="Create",
        close="Cancel",
        callback_id="new",
        private_metadata="{}",
        blocks=[
            sdk.InputBlock(
                block_id="name",
                label="Name",
                hint="What will use it",
                element=sdk.PlainTextInputElement(action_id="name", max_length=80),
            ),
            sdk.InputBlock(
                block_id="scopes",
                label="Scopes",
                element=sdk.CheckboxesElement(
                    action_id="scopes", options=[sdk.Option(value="read", label="Read")]
                ),
            ),
            sdk.InputBlock(
                block_id="count",
                label="Count",
                optional=True,
                element=sdk.NumberInputElement(action_id="count", min_value=1, max_value=9),
            ),
        ],
    )
    check_view(view.to_dict())
