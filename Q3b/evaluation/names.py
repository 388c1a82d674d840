"""The models, data sets and splits that can be named, in a module that loads none of them."""

REFERENCE, DEFAULT = "user-user euclidean", "damped vote"
COUNTRY, MACHINE, DEEP = "top artists of the country", "factorisation machine", "Mult-VAE"
BLEND = "damped vote + ALS"  # of the daily job's --blend als
# Blends of the z-scores of other models, each with its own settings.
BLENDS = {"EASE + ALS": ("EASE", "ALS")}
NAMES = (  # in the order of the report
    *("popularity", COUNTRY, REFERENCE, DEFAULT),
    *("item-item", "RP3beta", "ALS", "BPR", "EASE", "RDLAE", *BLENDS, BLEND, MACHINE, DEEP),
)
# In requirements-models.txt.
LIBRARIES = {MACHINE: ("lightfm",), DEEP: ("cornac", "torch")}

# Each is read from a folder, CSV from a file; the sample, drawn from a seed, needs none.
HETREC, ML_100K, LASTFM_360K = "hetrec", "ml-100k", "lastfm-360k"
FILMTRUST, CITEULIKE, CSV = "filmtrust", "citeulike", "csv"
DATA_SETS = (HETREC, ML_100K, FILMTRUST, CITEULIKE, LASTFM_360K, CSV)
SAMPLE = "sample"

# What is held out: a fifth of each user's artists at random; the latest fifth of each user; all
# after one moment.
RANDOM, BY_USER, CUT = SPLITS = ("random", "last", "cut")

# Of the report.
TABLES = ("models", "differences")

# In the current folder; one that comes with the project is in this folder.
SETTINGS_FILE = "chosen_settings.json"
