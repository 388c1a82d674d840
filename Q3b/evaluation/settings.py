"""The file of the settings that were chosen: data set -> model -> settings."""

from common.command import UserError

import json
import os
from pathlib import Path

from common.output import replacing
from evaluation.names import BLENDS, SETTINGS_FILE
from evaluation.spaces import DEFAULTS, SPACES

SHIPPED = Path(__file__).with_name(SETTINGS_FILE)


def read_settings(named: Path | None, tune: bool) -> dict[str, dict[str, dict]]:
    """Read the chosen settings of the file that is named, or found here, or shipped.

    With `tune` the file will be written: it need not exist, and its folder is checked before hours
    of work. Raises UserError if the file is of another layout, or cannot be written.
    """
    path = named or Path(SETTINGS_FILE)
    if tune and not os.access(path.parent, os.W_OK):
        raise UserError(f"{path}: cannot be written; name another file by --settings")
    required = named and not tune
    return read_chosen(path if required or path.exists() else SHIPPED)


def read_chosen(path: Path) -> dict[str, dict[str, dict]]:
    """Read the chosen settings: data set -> model -> settings."""
    try:
        chosen = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: not JSON ({error}); repeat evaluate.py --tune") from error
    if not is_chosen(chosen):
        raise UserError(f"{path}: not data set, model, settings; repeat evaluate.py --tune")
    return chosen


def is_chosen(found: object) -> bool:
    """Whether this is data set -> model -> settings that the model has, of their types."""
    if not isinstance(found, dict) or not all(isinstance(it, dict) for it in found.values()):
        return False
    return all(
        isinstance(settings, dict) and all(is_setting(model, *it) for it in settings.items())
        for of_models in found.values()
        for model, settings in of_models.items()
    )


def is_setting(model: str, name: str, value: object) -> bool:
    """Whether a model has a setting of that name and type; a whole number may stand for another."""
    kinds = {type(known) for known in SPACES.get(model, {}).get(name, [])}
    return type(value) in kinds | ({int} if float in kinds else set())


def write_chosen(chosen: dict[str, dict[str, dict]], path: Path) -> None:
    """Write the chosen settings, whole or not at all."""
    with replacing(path) as sibling:
        sibling.write_text(json.dumps(chosen, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def merged(old: dict[str, dict], new: dict[str, dict]) -> dict[str, dict]:
    """The old choices with the new ones put over them."""
    return {name: old.get(name, {}) | new.get(name, {}) for name in old | new}


def settings_for(model: str, of_set: dict[str, dict]) -> dict:
    """The settings of a model among those chosen for a data set, or its defaults.

    A blend has the settings of its parts, a model that is never tuned none.
    """
    if model in BLENDS:
        return {part: settings_for(part, of_set) for part in BLENDS[model]}
    return of_set.get(model, DEFAULTS.get(model, {}))
