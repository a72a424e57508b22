"""What the commands say of themselves, in the language of the service."""

from __future__ import annotations

from copy import copy
from typing import Any, TypeVar

import click

import config
from db import DatabaseUnavailable
from embeddings import EmbeddingFailed
from messages import Message, explain, say
from translations.catalogs import Language, translate
from turns import EmbedderBusy

C = TypeVar("C", bound=click.Command)


def describe_failure(error: Exception) -> str:
    """Return why the service can't start, in one line."""
    said = say("Conector PGVector can't start: {error}", error=explain(error))
    return translate(said, config.read_language())


def announce_in_one_line(message: Message) -> None:
    """Tell a person beside what a program reads of the command."""
    click.echo(translate(message, config.read_language()), err=True)


class SpokenCommand(click.Command):
    """A command whose help is in the language of the service; click makes plain texts of it.

    A database that goes away meanwhile or takes no changes, and a model that is busy or fails, end
    it with one line.
    """

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (DatabaseUnavailable, EmbedderBusy, EmbeddingFailed) as error:
            said = translate(explain(error), config.read_language())
            raise click.ClickException(said) from error

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        spoken = _translate(self)
        language = config.read_language()
        spoken.params = [_translate_help(param, language) for param in self.params]
        click.Command.format_help(spoken, ctx, formatter)

    def get_short_help_str(self, limit: int = 45) -> str:
        return click.Command.get_short_help_str(_translate(self), limit)


class SpokenGroup(click.Group):
    """A group of commands whose help is in the language of the service."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        click.Group.format_help_text(_translate(self), ctx, formatter)

    def get_short_help_str(self, limit: int = 45) -> str:
        return click.Group.get_short_help_str(_translate(self), limit)


def _translate(command: C) -> C:
    spoken = copy(command)
    spoken.help = translate(Message(command.help or ""), config.read_language())
    return spoken


def _translate_help(param: click.Parameter, language: Language) -> click.Parameter:
    if not isinstance(param, click.Option) or param.help is None:
        return param
    spoken = copy(param)
    spoken.help = translate(Message(param.help), language)
    return spoken
