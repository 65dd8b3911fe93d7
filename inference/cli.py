"""The command line: each command is a small module, loaded by name when it is called."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from ..data.errors import StancewireError

# Command name: module that holds it (as `command`, or by its own name where the module holds several) and its one line
# of help, so that `--help` loads none of them.
_COMMANDS = {
    "score": (
        "stancewire.inference.commands.score",
        "Score articles: who stands where, in which sentence, how surely.",
    ),
    "explain": ("stancewire.inference.commands.explain", "Show the words behind each stance of an article."),
    "report": (
        "stancewire.inference.commands.report",
        "Make a page of scored positions: who stands where, and the sentence.",
    ),
    "monitor": ("stancewire.inference.commands.monitor", "Watch how stances develop."),
    "serve": (
        "stancewire.inference.commands.serve",
        "Show stances, shifts and alerts as web pages and a JSON API.",
    ),
    "plot": ("stancewire.inference.commands.plot", "Draw the net stance of actors, or its course over time."),
    "evaluate": ("stancewire.inference.commands.evaluate", "Score gold articles and print precision, recall and F1."),
    "behaviour": (
        "stancewire.inference.commands.behaviour",
        "Hold a model against templates that any reader gets right.",
    ),
    "train": ("stancewire.training.train_command", "Train a model from a YAML recipe."),
    "yardstick": ("stancewire.training.yardstick_command", "Train and score on a public data set, over several seeds."),
    "ablate": ("stancewire.inference.commands.ablate", "Measure what each part of the model is worth."),
    "card": ("stancewire.inference.commands.card", "Measure a model and write its card."),
    "compare": ("stancewire.inference.commands.compare", "Compare two models on one test set."),
    "register": ("stancewire.inference.commands.promote", "Register a model folder in MLflow."),
    "promote": ("stancewire.inference.commands.promote", "Make a registered model champion, if its gate holds."),
    "rollback": ("stancewire.inference.commands.promote", "Make the champion before the present one champion again."),
    "history": ("stancewire.inference.commands.promote", "List the decisions on who is champion, and why."),
    "benchmark": ("stancewire.inference.commands.benchmark", "Measure what things cost on this machine."),
    "queue": ("stancewire.inference.commands.queue", "Pick what to label next, and take finished labels in."),
    "data": ("stancewire.inference.commands.data", "Check labelled data and measure the actor resolver."),
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(_COMMANDS[cmd_name][0])
        return getattr(module, "command", None) or getattr(module, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="stancewire")
def cli() -> None:
    """Reads news and says who stands where.

    \b
    Example:
      stancewire score articles/
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point: runs a command; bad input is one line on standard error and exit code 2."""
    try:
        code = cli.main(args=arguments, prog_name="stancewire", standalone_mode=False)
    except StancewireError as error:
        _fail(f"stancewire: {error}", 2)
    except click.UsageError as error:
        context = f" (see: {error.ctx.command_path} --help)" if error.ctx else ""
        _fail(f"stancewire: {error.format_message()}{context}", 2)
    except click.ClickException as error:
        _fail(f"stancewire: {error.format_message()}", error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _fail("stancewire: interrupted", 130)
    except BrokenPipeError:
        # The reader of our output has left (`stancewire score … | head`): not an error, and nothing more to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    else:
        sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: int) -> None:
    click.echo(message, err=True)
    sys.exit(code)
