"""The settings of every model that is tuned: those without a choice, and the values tried."""

from evaluation.names import DEEP, MACHINE
from recommender.weights import KINDS

POPULARITY_POWERS = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]

# What a model takes where nothing was chosen. Each value is one of those tried.
DEFAULTS: dict[str, dict] = {
    "item-item": {"neighbours": 100, "k1": 1.2, "b": 0.75},
    "RP3beta": {"kind": "binary", "alpha": 1.0, "beta": 0.3, "neighbours": 200},
    "ALS": {
        "kind": "log",
        "factors": 64,
        "regularization": 1.0,
        "alpha": 10.0,
        "iterations": 10,
    },
    "BPR": {"factors": 64, "learning_rate": 0.03, "regularization": 0.01, "iterations": 100},
    "EASE": {"kind": "binary", "power": 1.0, "regularization": 100.0, "popularity_power": 0.0},
    "RDLAE": {
        "kind": "binary",
        "power": 1.0,
        "regularization": 100.0,
        "dropout": 0.3,
        "relaxation": 0.1,
        "popularity_power": 0.0,
    },
    MACHINE: {"components": 32, "learning_rate": 0.05, "epochs": 30, "decay": 0.0},
    DEEP: {"hidden": 200, "factors": 50, "epochs": 50, "learning_rate": 0.001, "beta": 0.2},
}

# Numbers in order, so that the search knows which values are near to each other.
SPACES: dict[str, dict[str, list]] = {
    "item-item": {
        "neighbours": [20, 50, 100, 200, 500, 1000],
        "k1": [0.2, 0.5, 1.2, 3.0, 10.0, 100.0],
        "b": [0.0, 0.25, 0.5, 0.75, 1.0],
    },
    "RP3beta": {
        "kind": list(KINDS),
        "alpha": [0.4, 0.6, 0.8, 1.0, 1.25, 1.5],
        "beta": [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8],
        "neighbours": [20, 50, 100, 200, 500, 1000],
    },
    "ALS": {
        "kind": list(KINDS),
        "factors": [16, 32, 48, 64, 96],
        "regularization": [0.1, 1.0, 10.0, 30.0, 100.0],
        "alpha": [1.0, 3.0, 10.0, 30.0],
        "iterations": [5, 10, 20],
    },
    "BPR": {
        "factors": [16, 32, 64, 128],
        "learning_rate": [0.01, 0.03, 0.1],
        "regularization": [0.001, 0.01, 0.03, 0.1],
        "iterations": [25, 50, 100],
    },
    "EASE": {
        "kind": list(KINDS),
        "power": [0.5, 1.0, 1.5],
        "regularization": [30.0, 100.0, 300.0, 1000.0, 3000.0, 10_000.0],
        "popularity_power": POPULARITY_POWERS,
    },
    "RDLAE": {
        "kind": list(KINDS),
        "power": [0.5, 1.0, 1.5],
        "regularization": [30.0, 100.0, 300.0, 1000.0, 3000.0, 10_000.0],
        "dropout": [0.0, 0.1, 0.3, 0.5, 0.7],
        "relaxation": [0.0, 0.1, 0.2, 0.4, 0.6],
        "popularity_power": POPULARITY_POWERS,
    },
    MACHINE: {
        "components": [16, 32, 64, 128],
        "learning_rate": [0.02, 0.05, 0.1],
        "epochs": [10, 30, 60],
        "decay": [0.0, 1e-6, 1e-5, 1e-4],
    },
    DEEP: {
        "hidden": [100, 200, 400],
        "factors": [25, 50, 100, 200],
        "epochs": [25, 50, 100],
        "learning_rate": [0.0005, 0.001, 0.002],
        "beta": [0.05, 0.1, 0.2, 0.5, 1.0],
    },
}
