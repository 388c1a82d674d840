"""What an exported embedding model consists of: its files, and settings next to them."""

from common.command import UserError

import json
from functools import cached_property
from hashlib import file_digest, sha256
from importlib.util import find_spec
from pathlib import Path

import numpy as np

MOST_TOKENS = 512  # where no file says how many the model reads
NO_WEIGHTS = {".json", ".md", ".txt", ".onnx"}  # next to the model


class Export:
    """The files of a folder. Raises UserError if the model or its tokenizer is not there."""

    def __init__(self, folder: Path):
        if missing := [name for name in ("onnxruntime", "tokenizers") if not find_spec(name)]:
            raise UserError(
                f"--embedding-model needs {' and '.join(missing)}:"
                " pip install -r requirements-models.txt"
            )
        self.folder = folder
        models = [
            it for it in (folder / "model.onnx", folder / "onnx" / "model.onnx") if it.exists()
        ]
        models = models or sorted([*folder.glob("*.onnx"), *folder.glob("onnx/*.onnx")])
        if len(models) != 1:
            named = ", ".join(map(str, models)) or "none"
            raise UserError(f"{folder}: wants one model, model.onnx; there is {named}")
        self.model, self.tokenizer = models[0], folder / "tokenizer.json"
        if not self.tokenizer.is_file():
            raise UserError(
                f"{self.tokenizer}: is missing; the model reads what it makes of a text"
            )

    def identity(self) -> str:
        """Return a hash of all that decides the vectors: weights, tokenizer and settings."""
        there = (it for it in self.model.parent.iterdir() if it.is_file())
        weights = sorted(it for it in there if it.suffix.lower() not in NO_WEIGHTS)
        digest = sha256()
        for path in (self.model, self.tokenizer, *weights):
            with path.open("rb") as file:
                digest.update(file_digest(file, "sha256").digest())
        digest.update(repr((self.pooling, self.prompt, self.most_tokens)).encode("utf-8"))
        return digest.hexdigest()

    @cached_property
    def pooling(self) -> str:
        """How the vectors of tokens become one: their `mean`, or the first token's, `cls`."""
        path, found = self.settings("1_Pooling/config.json")
        asked = [it for it in found if it.startswith("pooling_mode_") and found[it] is True]
        known = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
        if len(asked) > 1 or not known.keys() >= set(asked):
            raise UserError(f"{path}: {' with '.join(asked)} is not known here")
        return known[asked[0]] if asked else "mean"

    def pooled(self, tokens: np.ndarray) -> np.ndarray:
        """Return one vector of those of a text's tokens, of shape (1, tokens, size)."""
        if layers := sorted(self.folder.glob("*_Dense")):
            raise UserError(
                f"{layers[0]}: a layer after pooling, which the model is to contain; export it with"
                " an output sentence_embedding"
            )
        return tokens[:, 0] if self.pooling == "cls" else tokens.mean(axis=1)

    @cached_property
    def prompt(self) -> str:
        """What is written before each text; E5 wants `query: `."""
        path, found = self.settings("config_sentence_transformers.json")
        name, prompts = found.get("default_prompt_name"), found.get("prompts") or {}
        if name is None:
            return ""
        if not isinstance(prompts, dict) or not isinstance(prompts.get(name), str):
            raise UserError(f"{path}: prompts has no {name!r}, which default_prompt_name names")
        return prompts[name]

    @cached_property
    def most_tokens(self) -> int:
        """The number of tokens that the model reads at most."""
        for file, name in (
            ("sentence_bert_config.json", "max_seq_length"),
            ("tokenizer_config.json", "model_max_length"),
        ):
            path, found = self.settings(file)
            most = found.get(name)
            if most is None:
                continue
            if not isinstance(most, int | float) or most < 1:
                raise UserError(f"{path}: {name} is {most!r}; it is a number of tokens")
            if most <= 100_000:  # a larger number stands for no limit
                return int(most)
        return MOST_TOKENS

    def settings(self, name: str) -> tuple[Path, dict]:
        """Return the path and the content of a file of settings; {} if it is not there."""
        path = self.folder / name
        if not path.is_file():
            return path, {}
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise UserError(f"{path}: {error}") from None
        if not isinstance(found, dict):
            raise UserError(f"{path}: is not an object of settings")
        return path, found
