-- One row per name asked for that no event of a user has.
SELECT asked.name
FROM unnest(%(names)s::text[]) AS asked (name)
WHERE
    NOT EXISTS (
        SELECT
        FROM piwik_track
        WHERE piwik_track.event_name::text = asked.name
    )
