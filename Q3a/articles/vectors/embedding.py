"""An embedding model: a transformer that was exported to ONNX, with its tokenizer.

The folder is as sentence-transformers and Optimum write it (sbert.net): `model.onnx`, there or in
`onnx`, `tokenizer.json`, and if they are there `1_Pooling/config.json`, `sentence_bert_config.json`
and `config_sentence_transformers.json`.
"""

from common.command import UserError

from functools import cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from articles.vectors.cache import VectorCache
from articles.vectors.export import Export
from articles.vectors.source import finite

KEPT_TOGETHER = 1_000  # vectors: what an interrupt loses at most
INPUTS = {"input_ids", "attention_mask", "token_type_ids"}
OUTPUTS = ("sentence_embedding", "last_hidden_state", "token_embeddings")


class EmbeddingModel:
    """The model of a folder; its vectors are cached by a hash of the model and of the text.

    Each text is run by itself: within a batch the vectors of a quantised model would depend on the
    other texts. Raises UserError if something in the folder cannot be used.
    """

    def __init__(self, folder: str | Path):
        self.export = Export(Path(folder))
        self.name = str(folder)
        self.identity = self.export.identity()

    def of(self, articles: pd.DataFrame) -> np.ndarray:
        """Return the vectors of prepared articles, of shape (articles, size)."""
        texts = [self.export.prompt + text for text in articles["plain"]]
        keys = [sha256(text.encode("utf-8")).digest() for text in texts]
        cache = VectorCache(self.identity)
        found = cache.known(set(keys))
        wanted = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        new = {}
        with tqdm(wanted.items(), desc="embedding", unit="article", disable=None) as items:
            for key, text in items:
                new[key] = self.vector(text)
                if len(new) == KEPT_TOGETHER:
                    cache.keep(new)
                    found, new = found | new, {}
        cache.keep(new)
        found |= new
        return np.array([found[key] for key in keys], dtype=np.float32).reshape(len(keys), -1)

    def vector(self, text: str) -> np.ndarray:
        """Return the vector of a text, of shape (size,)."""
        encoded = self.tokenizer.encode(text)
        inputs = {
            "input_ids": encoded.ids,
            "attention_mask": encoded.attention_mask,
            "token_type_ids": encoded.type_ids,
        }
        kind = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}
        feed = {
            it.name: np.array([inputs[it.name]], dtype=kind.get(it.type, np.int64))
            for it in self.session.get_inputs()
        }
        try:
            (output,) = self.session.run([self.output], feed)
        except Exception as error:  # whatever a model makes onnxruntime raise
            raise UserError(f"{self.export.model}: cannot be run: {error}") from None
        if output.ndim == 3:  # a vector for each token
            output = self.export.pooled(output)
        return finite(output, str(self.export.model))[0]

    @cached_property
    def session(self):
        """The loaded model."""
        from onnxruntime import InferenceSession, SessionOptions

        options = SessionOptions()
        options.log_severity_level = 4  # errors come as exceptions
        path = self.export.model
        try:
            session = InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise UserError(f"{path}: onnxruntime cannot load it: {error}") from None
        if other := {it.name for it in session.get_inputs()} - INPUTS:
            raise UserError(f"{path}: wants {', '.join(sorted(other))}, which no tokenizer gives")
        return session

    @cached_property
    def output(self) -> str:
        """The name of the output that holds the vector, or those of the tokens."""
        names = [it.name for it in self.session.get_outputs()]
        known = [name for name in OUTPUTS if name in names] or names
        if len(names) > 1 and known is names:
            raise UserError(
                f"{self.export.model}: has the outputs {', '.join(names)}, none of which is"
                f" {' or '.join(OUTPUTS)}"
            )
        return known[0]

    @cached_property
    def tokenizer(self):
        """The tokenizer, which cuts texts that are longer than the model reads."""
        from tokenizers import Tokenizer

        path = self.export.tokenizer
        try:
            found = Tokenizer.from_str(path.read_text(encoding="utf-8"))
        except Exception as error:
            raise UserError(f"{path}: tokenizers cannot load it: {error}") from None
        found.no_padding()
        found.enable_truncation(self.export.most_tokens)
        return found
