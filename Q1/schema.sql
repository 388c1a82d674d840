-- Tables for a server in production: the events, and a rollup of them from which the triangle reads
-- in milliseconds. Run it once: psql "$DATABASE_URL" -f Q1/schema.sql
-- Running it again changes nothing.

-- One row per event. Times without a zone are UTC.
CREATE TABLE IF NOT EXISTS piwik_track (
    uid text,
    time timestamptz NOT NULL,
    event_name text NOT NULL
);

-- Who installed when, from the index alone.
CREATE INDEX IF NOT EXISTS piwik_track_first_install
ON piwik_track (time) INCLUDE (uid)
WHERE event_name = 'FIRST_INSTALL';

-- Whether a user was active in a period, and all that the triangle needs in order of users, from
-- the index alone. It does all that an index on (uid, time) does: drop that one if you have it.
CREATE INDEX IF NOT EXISTS piwik_track_uid_time_event_name
ON piwik_track (uid, time) INCLUDE (event_name);

-- Which events a day has, for the refresh of the rollup; small, as the events come in by time.
CREATE INDEX IF NOT EXISTS piwik_track_time
ON piwik_track USING brin (time);

-- One row: what the rollup counts. The first refresh writes it, and later ones must agree with it.
CREATE TABLE IF NOT EXISTS rollup_definition (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    source text NOT NULL,
    install_event text NOT NULL,
    time_zone text NOT NULL
);

-- One row per user and day with an event: whether one of them was an install.
CREATE TABLE IF NOT EXISTS user_day (
    uid text,
    day date,
    installed boolean NOT NULL,
    PRIMARY KEY (uid, day)
);

-- The first install of a user.
CREATE INDEX IF NOT EXISTS user_day_installed
ON user_day (uid, day)
WHERE installed;

-- The users of a day; small, as the days come in by order.
CREATE INDEX IF NOT EXISTS user_day_day
ON user_day USING brin (day);

-- One row per day of first installs and later day: how many of its users were active on that day.
-- On the day itself these are all of them, the size of the cohort.
CREATE TABLE IF NOT EXISTS cohort_day (
    install_day date,
    activity_day date,
    users bigint NOT NULL CHECK (users > 0),
    PRIMARY KEY (install_day, activity_day),
    CHECK (install_day <= activity_day)
);
