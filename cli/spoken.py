"""What the commands say of themselves, in the language of the service."""

from __future__ import annotations

from copy import copy

import click

import config
from messages import Message, explain, say
from translations.catalogs import Language, translate


def describe_failure(error: Exception) -> str:
    """Return why the service can't start, in one line."""
    said = say("Conector PGVector can't start: {error}", error=explain(error))
    return translate(said, config.read_language())


class SpokenCommand(click.Command):
    """A command whose help is in the language of the service; click makes plain texts of it."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        language = config.read_language()
        spoken = copy(self)
        spoken.help = translate(Message(self.help or ""), language)
        spoken.params = [_translate_help(param, language) for param in self.params]
        click.Command.format_help(spoken, ctx, formatter)


def _translate_help(param: click.Parameter, language: Language) -> click.Parameter:
    if not isinstance(param, click.Option) or param.help is None:
        return param
    spoken = copy(param)
    spoken.help = translate(Message(param.help), language)
    return spoken
