"""The models and data sets that can be named, in a module that loads neither."""

DEFAULT, TUNED = "user-user cosine", "user-user cosine, tuned"
COUNTRY, MACHINE, DEEP = "top artists of the country", "factorisation machine", "Mult-VAE"
NAMES = (  # in the order of the report
    *("popularity", COUNTRY, "user-user euclidean", DEFAULT, TUNED),
    *("item-item", "ALS", "BPR", "EASE", MACHINE, DEEP),
)
# In requirements-models.txt.
LIBRARIES = {MACHINE: ("lightfm",), DEEP: ("cornac", "torch")}

# Each is read from a folder; the sample, which is drawn from a seed, needs none.
HETREC, ML_100K, LASTFM_360K = DATA_SETS = ("hetrec", "ml-100k", "lastfm-360k")
SAMPLE = "sample"

# In the current folder; one that comes with the project is in this folder.
SETTINGS_FILE = "chosen_settings.json"
