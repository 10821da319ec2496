"""The tables of the store, and the migrations that make them.

    files          a file's content, once; why it was rejected, if it was
    file_paths     where that content was found, each location once; a file copied to three folders has three rows
    unread_paths   files whose bytes could not be had, and why
    file_issues    what was odd in the file and its messages
    file_warnings  how often each thing was odd in it, voices included: what the books add up
    slots          the voices in it, in order: byte offset, bytes as found (raw_sha), voice, name as written
    raw_voices     the bytes of a voice as found, once
    voice_repairs  the values that were out of range in them
    voices         a voice, once: its 145 repaired parameters, the first name it was seen under
    supplements    DX7II data that stands beside voices in a file
    opinions       what each source says of each voice: category, probability, origin (suggesting/suggestion.py)
    suggestions    what all sources say of it together; origin is the source that says it loudest
    answers        people's answers: a projection of the journals, rebuilt at will
    suggestions_made  how much of the store they were made from
    rejected_voices  windows of a file that were read as voices and are none, and why
    hearings       what was heard of each voice, by version of the engine and of the hearing
    health         tags on what is wrong with each voice: derived from hearings and repairs, replaced whole
    relatives      pairs of voices that are one sound re-saved, confirmed by sound: those that tie families together
    families       the family of each voice: derived from functional keys and relatives, replaced whole
    family_builds  what the families were built with
    search_voices  what voices are found and narrowed by; search_names, search_mark: see searching/search_index.py
    sound_map      where each voice that was heard lies on the map of all voices; sound_map_builds: made with what
    timbres        one note of each voice on three keys, by which recordings are matched (dx7/analysis/timbre.py)
    embeddings     what the category ear hears of each voice (dx7/analysis/embedding.py)
    crowds         voices that sound alike, for the queue (asking/crowds.py); crowds_mark: made from what
    learning_curves  how right a learner is by the number of answers: simulated, and of people's own answers
    lessons        one row, once something was learned: the ear, its card, how far each source is trusted

    sightings      (view) every slot under every path its file was found at
    names          (view) every name of every voice, with how often

``voices`` takes its columns from the parameter table. Rows are only ever added (suggestions and answers, which
are derived, are replaced whole), so there are no indexes to repair after a crash and no row conflicts.
"""

from __future__ import annotations

from dx7.voices.parameters import PARAMETER_NAMES

_PARAMETER_COLUMNS = ",\n    ".join(f"{name} UTINYINT NOT NULL" for name in PARAMETER_NAMES)

_FIRST = f"""
CREATE TABLE files (
    file_sha VARCHAR NOT NULL,
    size BIGINT NOT NULL,
    format VARCHAR NOT NULL,          -- how the voices were found, '' if there were none
    voices INTEGER NOT NULL,
    rejection VARCHAR,                -- issue code, NULL if voices were read
    rejection_message VARCHAR,
    generated BOOLEAN NOT NULL,       -- made by a model, as its sidecar says
    content BLOB,                     -- the bytes around the voices, compressed; NULL if rejected
    content_is_whole BOOLEAN NOT NULL -- all bytes, because the voices do not stand in one piece
);
CREATE TABLE file_paths (
    source VARCHAR NOT NULL,          -- the folder, archive or file that was named to ingest
    path VARCHAR NOT NULL,            -- inside the source; '!' stands between an archive and its member
    file_sha VARCHAR NOT NULL,
    first_seen TIMESTAMP NOT NULL     -- UTC
);
CREATE TABLE unread_paths (
    source VARCHAR NOT NULL,
    path VARCHAR NOT NULL,
    code VARCHAR NOT NULL,
    message VARCHAR NOT NULL,
    first_seen TIMESTAMP NOT NULL     -- UTC
);
CREATE TABLE file_issues (
    file_sha VARCHAR NOT NULL,
    code VARCHAR NOT NULL,
    message VARCHAR NOT NULL,
    byte_offset BIGINT,
    slot INTEGER
);
CREATE TABLE file_warnings (
    file_sha VARCHAR NOT NULL,
    code VARCHAR NOT NULL,
    occurrences INTEGER NOT NULL      -- 1 for what concerns the file; voices for what concerns voices
);
CREATE TABLE slots (
    file_sha VARCHAR NOT NULL,
    slot INTEGER NOT NULL,            -- 1.. in the order of the file
    byte_offset BIGINT NOT NULL,      -- in the file, -1 where the bytes do not stand there in one piece
    raw_sha VARCHAR NOT NULL,
    voice_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL
);
CREATE TABLE raw_voices (
    raw_sha VARCHAR NOT NULL,
    voice_id VARCHAR NOT NULL,
    raw BLOB NOT NULL
);
CREATE TABLE voice_repairs (
    raw_sha VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    value UTINYINT NOT NULL           -- as found, before the repair
);
CREATE TABLE voices (
    voice_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    {_PARAMETER_COLUMNS}
);
CREATE TABLE supplements (
    file_sha VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    byte_offset BIGINT NOT NULL,
    data BLOB NOT NULL
);
CREATE TABLE suggestions (
    voice_id VARCHAR NOT NULL,
    category VARCHAR NOT NULL,
    probability FLOAT NOT NULL,
    origin VARCHAR NOT NULL           -- name_rule, folder_rule
);
CREATE TABLE answers (
    event VARCHAR NOT NULL,
    labeller VARCHAR NOT NULL,
    answered TIMESTAMP NOT NULL,      -- UTC
    voice_id VARCHAR NOT NULL,
    answer VARCHAR NOT NULL,          -- label, unsure, broken, skip, favourite, quality
    categories VARCHAR[] NOT NULL     -- the main one first; empty unless answer = 'label'
);
CREATE VIEW sightings AS
    SELECT source, path, file_sha, slot, name, voice_id, raw_sha, first_seen
    FROM file_paths JOIN slots USING (file_sha);
CREATE VIEW names AS
    SELECT voice_id, name, count(*) AS sightings FROM sightings GROUP BY voice_id, name;
"""  # noqa: S608 - only names from the parameter table are put in

_REJECTED_VOICES = """
CREATE TABLE rejected_voices (
    file_sha VARCHAR NOT NULL,
    byte_offset BIGINT NOT NULL,      -- in the file, -1 where the bytes do not stand there in one piece
    size INTEGER NOT NULL,            -- bytes; they are kept in files.content
    reason VARCHAR NOT NULL
);
"""

# A file has one location, whatever folder above it was named: /a/b/x.syx, or /a/all.zip!b/x.syx.
# That of rows from before is told from their source, as far as it can be.
_LOCATED = """
UPDATE {table} SET location = CASE
    WHEN ends_with(source, '/' || path) THEN source
    WHEN ends_with(lower(source), '.zip') THEN source || '!' || path
    ELSE source || '/' || path END;
"""
_PLACES = f"""
ALTER TABLE file_paths ADD COLUMN location VARCHAR;    -- absolute; unique with file_sha
ALTER TABLE unread_paths ADD COLUMN location VARCHAR;  -- absolute; unique with code
{_LOCATED.format(table="file_paths")}
{_LOCATED.format(table="unread_paths")}
CREATE TABLE suggestions_made (
    slots BIGINT NOT NULL,            -- how many rows slots and file_paths had when suggestions were made:
    paths BIGINT NOT NULL             -- where there are more by now, suggestions are out of date
);
"""

_HEALTH = """
CREATE TABLE hearings (
    voice_id VARCHAR NOT NULL,
    engine VARCHAR NOT NULL,          -- dx7.sound.engine.ENGINE_VERSION
    hearing INTEGER NOT NULL,         -- dx7.analysis.descriptors.HEARING_VERSION
    descriptors FLOAT[] NOT NULL      -- in the order of dx7.analysis.descriptors.DESCRIPTOR_NAMES
);
CREATE TABLE health (
    voice_id VARCHAR NOT NULL,
    tag VARCHAR NOT NULL
);
"""

_FAMILIES = """
CREATE TABLE relatives (
    voice_id VARCHAR NOT NULL,
    relative_id VARCHAR NOT NULL,     -- above voice_id: each pair stands once
    differing INTEGER NOT NULL,       -- audible parameters that differ
    distance FLOAT NOT NULL           -- by sound, dB
);
CREATE TABLE families (
    voice_id VARCHAR NOT NULL,
    family_id VARCHAR NOT NULL,
    at_rest_key VARCHAR NOT NULL,     -- voices with one key sound alike when a plain note is played
    performance_key VARCHAR NOT NULL  -- and these under every controller, velocity and key too
);
CREATE TABLE family_builds (          -- one row, once there are families: what they were built with
    engine VARCHAR NOT NULL,
    hearing INTEGER NOT NULL,
    version INTEGER NOT NULL          -- corpus.analysis.families.FAMILY_VERSION
);
"""

# What search reads, in the shape that it reads it (corpus/analysis/search_index.py). All three are derived and
# replaced whole.
_SEARCH = """
CREATE TABLE search_voices (
    voice_id VARCHAR NOT NULL,
    names VARCHAR[] NOT NULL,         -- the most frequent one first
    sightings BIGINT NOT NULL,
    file_sha VARCHAR NOT NULL,        -- the first of its places
    path VARCHAR NOT NULL,
    slot INTEGER NOT NULL,
    algorithm UTINYINT NOT NULL,      -- the panel's number
    carriers UTINYINT NOT NULL,       -- operators that are heard in that algorithm
    fixed BOOLEAN NOT NULL,           -- an operator that sounds keeps one frequency on all keys
    generated BOOLEAN NOT NULL,       -- all files with it were made by a model
    filler BOOLEAN NOT NULL,
    sources VARCHAR[] NOT NULL,
    suggestions VARCHAR[] NOT NULL,   -- categories, the likeliest first
    health VARCHAR[] NOT NULL,        -- tags
    family_id VARCHAR NOT NULL,       -- its own id where families have not been looked for
    family_size INTEGER NOT NULL,
    heard BOOLEAN NOT NULL,
    brightness FLOAT,                 -- Hz; NULL, as the next two, if not heard or silent
    attack FLOAT,                     -- seconds
    release FLOAT,                    -- seconds
    sound FLOAT[61]                   -- its place in the space of corpus/analysis/sound_space.py; NULL if not heard
);
CREATE TABLE search_names (
    voice_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    plain VARCHAR NOT NULL,           -- lower case, letters and digits only
    sightings BIGINT NOT NULL
);
CREATE TABLE search_mark (
    mark VARCHAR NOT NULL             -- of what the two were made from; another one now: they are out of date
);
"""

_TIMBRES = """
CREATE TABLE timbres (
    voice_id VARCHAR NOT NULL,
    engine VARCHAR NOT NULL,          -- dx7.sound.engine.ENGINE_VERSION
    timbre INTEGER NOT NULL,          -- dx7.analysis.timbre.TIMBRE_VERSION
    low FLOAT[90] NOT NULL,           -- on the three keys of dx7.analysis.timbre.KEYS
    middle FLOAT[90] NOT NULL,
    high FLOAT[90] NOT NULL
);
"""

# What earlier answers lack stays so until the journals are projected again.
_OPINIONS = """
ALTER TABLE answers ADD COLUMN propagated BOOLEAN DEFAULT false;  -- by an answer to another voice that covers this one
ALTER TABLE answers ADD COLUMN quality UTINYINT;                  -- 1 to 5 if answer = 'quality'
ALTER TABLE answers ADD COLUMN heard VARCHAR DEFAULT '';          -- engine, dx7, web_midi, import, none
ALTER TABLE answers ADD COLUMN lane VARCHAR DEFAULT '';           -- why it was asked about (asking/queue.py)
ALTER TABLE answers ADD COLUMN page VARCHAR DEFAULT '';           -- where it was answered
"""

_SOUND_MAP = """
CREATE TABLE sound_map (
    voice_id VARCHAR NOT NULL,
    x FLOAT NOT NULL,
    y FLOAT NOT NULL,
    later BOOLEAN NOT NULL            -- set among its neighbours after the map was made
);
CREATE TABLE sound_map_builds (       -- one row, once there is a map: what it was made with
    engine VARCHAR NOT NULL,
    hearing INTEGER NOT NULL,
    version INTEGER NOT NULL          -- corpus.analysis.sound_map.MAP_VERSION
);
"""

# Suggestions from before were single opinions.
_LEARNING = """
CREATE TABLE opinions (
    voice_id VARCHAR NOT NULL,
    category VARCHAR NOT NULL,
    probability FLOAT NOT NULL,
    origin VARCHAR NOT NULL           -- name_rule, folder_rule, family, neighbours, ear
);
INSERT INTO opinions SELECT voice_id, category, probability, origin FROM suggestions;
CREATE TABLE embeddings (
    voice_id VARCHAR NOT NULL,
    engine VARCHAR NOT NULL,          -- dx7.sound.engine.ENGINE_VERSION
    embedding INTEGER NOT NULL,       -- dx7.analysis.embedding.EMBEDDING_VERSION
    levels BLOB NOT NULL              -- a byte a number
);
CREATE TABLE lessons (
    learned TIMESTAMP NOT NULL,       -- UTC
    card VARCHAR NOT NULL,            -- JSON: from which answers, how good
    trust VARCHAR NOT NULL,           -- JSON: how far each source of opinions is trusted
    ear BLOB NOT NULL                 -- safetensors, dx7/analysis/classifier.py
);
CREATE TABLE crowds (
    voice_id VARCHAR NOT NULL,        -- one that was heard
    crowd INTEGER NOT NULL,           -- the same for voices that sound alike, 0 and up
    off_middle FLOAT NOT NULL         -- how far from the middle of its crowd: 1 is usual
);
CREATE TABLE crowds_mark (
    mark VARCHAR NOT NULL             -- of what the crowds were made from; another one now: they are out of date
);
CREATE TABLE learning_curves (
    curve VARCHAR NOT NULL,           -- an order of asking (learning/simulation.py), or own (learning/returns.py)
    answers INTEGER NOT NULL,
    accuracy FLOAT NOT NULL,          -- 0 to 1: the first choice is right, in families that nobody was asked about
    macro FLOAT NOT NULL,             -- the mean of that over the categories
    spread FLOAT NOT NULL             -- of the accuracy, one standard error
);
"""

# Migration n brings a store from version n to n + 1. Never edit one that has been released; add another.
MIGRATIONS: tuple[str, ...] = (
    *(_FIRST, _REJECTED_VOICES + _HEALTH + _FAMILIES, _PLACES, _SEARCH + _TIMBRES),
    *(_OPINIONS, _SOUND_MAP, _LEARNING),
)
SCHEMA_VERSION = len(MIGRATIONS)
VIEWS = ("sightings", "names")  # all that there are
