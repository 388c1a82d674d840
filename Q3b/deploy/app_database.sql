-- The tables of the app that the daily job reads. docker compose makes them in a new database.
CREATE TABLE IF NOT EXISTS profiles (
    user_id text PRIMARY KEY,
    gender text CHECK (gender IN ('m', 'f')),
    age integer,
    country text,
    signup date
);

CREATE TABLE IF NOT EXISTS plays (
    user_id text NOT NULL,
    artist_id text, -- the artist's MBID, NULL where it is not known
    artist_name text NOT NULL,
    plays bigint NOT NULL,
    last_played_at timestamptz NOT NULL
);

-- What users said of items, by the ids that recommendations carry. The API writes it for the page.
CREATE TABLE IF NOT EXISTS marks (
    user_id text NOT NULL,
    item_id text NOT NULL,
    mark text NOT NULL CHECK (mark IN ('like', 'dislike', 'block')),
    marked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, item_id)
);

CREATE INDEX IF NOT EXISTS plays_last_played_at ON plays USING brin (last_played_at);
