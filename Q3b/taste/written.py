"""Writing the index of a set from the fitted model."""

import json

import numpy as np
from scipy.sparse import csr_array

from recommender.damped_vote import DampedVote
from recommender.votes import votes_of_voters
from store.items import fields_json
from store.protocol import Catalogue
from taste.arrays import Folder, save, save_rows, save_texts
from taste.index import ABOUT, FORMAT, folded


def write_index(model: DampedVote, catalogue: Catalogue, folder: Folder) -> None:
    """Write the index of a model, fitted to the catalogue's items, into an empty folder."""
    write_items(catalogue, model.compared.order, folder)
    save(folder, "ranks", model.compared.ranks)
    save(folder, "factors", model.compared.weights.artist_factors)
    save_rows(folder, "listeners", model.listeners, with_values=False)
    save(folder, "head", model.head)
    save_rows(folder, "tail", votes_for_tail(model))
    save_rows(folder, "others", model.others)
    save(folder, "basis", model.basis)
    save(folder, "gains", np.ascontiguousarray(model.gains.T))
    about = {"format": FORMAT, "users": model.compared.users.shape[0]}
    with (folder / ABOUT).open("wb") as file:
        file.write(json.dumps(about).encode() + b"\n")


def write_items(catalogue: Catalogue, order: np.ndarray, folder: Folder) -> None:
    """Write the items in the order of the index."""
    ids = list(map(str, catalogue.ids[order]))
    names = list(map(str, catalogue.names[order]))
    save_texts(folder, "ids", ids)
    save_texts(folder, "names", names)
    save_texts(folder, "fields", (fields_json(catalogue.fields_of(item)) for item in order))
    save_texts(folder, "folded", map(folded, names))
    encoded = [text.encode("utf-8", "surrogatepass") for text in ids]
    by_id = sorted(range(len(ids)), key=encoded.__getitem__)
    save(folder, "by_id", np.array(by_id, np.int32))


def votes_for_tail(model: DampedVote) -> csr_array:
    """Return what the listeners of popular artists (p, m) give artists outside the head."""
    popular, head = model.head.shape
    votes = csr_array(model.votes[:, head:])
    found = votes_of_voters(model.listeners[:popular], votes)
    shape = (popular, model.votes.shape[1])
    return csr_array((found.data, found.indices + np.int32(head), found.indptr), shape)
