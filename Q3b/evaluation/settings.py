"""The file of the settings that were chosen: data set -> model -> settings."""

from common.command import UserError

import json
from pathlib import Path

from common.output import replacing
from evaluation.models import DEFAULT
from evaluation.tuning import SPACES

CHOSEN = Path(__file__).with_name("chosen_settings.json")


def read_chosen(path: Path) -> dict[str, dict[str, dict]]:
    """Read the chosen settings: data set -> model -> settings; none if there is no file."""
    try:
        chosen = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
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
    with replacing(path) as beside:
        beside.write_text(json.dumps(chosen, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def merged(old: dict[str, dict], new: dict[str, dict]) -> dict[str, dict]:
    """The old choices with the new ones put over them."""
    return {name: old.get(name, {}) | new.get(name, {}) for name in old | new}


def settings_for(name: str, model: str, chosen: dict[str, dict[str, dict]]) -> dict:
    """The settings of a model on a data set; nothing for its own defaults.

    A data set without a choice of its own takes that of HetRec, which are plays of artists too.
    """
    return {} if model == DEFAULT else chosen.get(name, chosen.get("hetrec", {})).get(model, {})
