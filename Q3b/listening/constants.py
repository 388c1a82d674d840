"""Names and sizes that the help of commands shows, in a module that loads nothing else."""

# The two files of the Last.fm 360K data set.
PLAYS_FILE = "usersha1-artmbid-artname-plays.tsv"
PROFILE_FILE = "usersha1-profile.tsv"

# The sample: listeners, artists, and the seed they are drawn from.
USERS, ARTISTS, SEED = 3000, 2000, 360

# An artist's id at MusicBrainz.
MBID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
