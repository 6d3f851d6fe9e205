"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

from insights_local import data_dir

local_data = click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    metavar="DIR",
    help=f"Work on the local data of `insights serve` in DIR ({data_dir.DEFAULT}, say) instead of what the environment "
    "names.",
)
