"""The tables of the store and the migrations that create them.

Stored names never change; where Python uses another word, it is given in brackets.

    files          each content once; the reason if it was rejected
    file_paths     the locations of each content: a file copied to three folders has three rows
    unread_paths   locations whose bytes could not be read, and why
    file_issues    problems found in a file and their messages
    file_warnings  how often each problem occurs in a file, voices included; the ingest report sums these
    slots          the voices of a file in order: byte offset, bytes as found (raw_sha), voice, name as written
    raw_voices     the bytes of a voice as found, once
    voice_repairs  out-of-range values in raw voices
    voices         each voice once: its 145 repaired parameters and the first name it was seen under
    supplements    DX7II data next to voices in a file
    opinions       [source predictions] category and probability of each voice by each source (origin)
    suggestions    the pooled prediction per voice; origin is the source with the largest share
    answers        people's answers, projected from the journals
    suggestions_made  the size of the store when suggestions were last computed
    rejected_voices  ranges of a file that were read as voices but hold none, and why
    hearings       [descriptors] of each voice's sound, by version of the engine and of the descriptors
    health         tags for what is wrong with each voice; derived from hearings and repairs
    relatives      pairs of near-identical voices, confirmed by sound, that join families
    families       the family of each voice; derived from functional keys and relatives
    family_builds  the versions that the families were built with
    search_voices  what search reads about voices; with search_names, search_mark: corpus/analysis/search_index.py
    sound_map      the position of each analysed voice on the map; sound_map_builds: the versions it was built with
    timbres        one note of each voice on three keys, to match recordings (dx7/analysis/timbre.py)
    embeddings     input features of the category classifier (dx7/analysis/embedding.py)
    crowds         [sound clusters] voices that sound alike, for the labelling queue (corpus/suggest/sound_clusters.py);
                   crowds_mark: a digest of their input
    learning_curves  accuracy by number of answers: simulated, and measured on people's answers
    lessons        [trained classifiers] one row once trained: classifier, card, source weights

    sightings      [occurrences] (view) every slot under every path of its file
    names          (view) every name of every voice and how often it occurs

The columns of ``voices`` come from the parameter table. Base tables only grow and derived tables are replaced whole.
There are no indexes, so a crash cannot damage one and rows cannot conflict.
"""

from __future__ import annotations

from dx7.voices.parameters import PARAMETER_NAMES

_PARAMETER_COLUMNS = ",\n    ".join(f"{name} UTINYINT NOT NULL" for name in PARAMETER_NAMES)

_FIRST = f"""
CREATE TABLE files (
    file_sha VARCHAR NOT NULL,
    size BIGINT NOT NULL,
    format VARCHAR NOT NULL,          -- how the voices were found, '' if there are none
    voices INTEGER NOT NULL,
    rejection VARCHAR,                -- issue code, NULL if voices were read
    rejection_message VARCHAR,
    generated BOOLEAN NOT NULL,       -- made by a model, according to its sidecar
    content BLOB,                     -- the bytes around the voices, compressed; NULL if rejected
    content_is_whole BOOLEAN NOT NULL -- content holds the voices too: they are not contiguous
);
CREATE TABLE file_paths (
    source VARCHAR NOT NULL,          -- the folder, archive or file given to ingest
    path VARCHAR NOT NULL,            -- inside the source; '!' separates an archive and its member
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
    occurrences INTEGER NOT NULL      -- 1 for an issue of the file, the number of voices for an issue of voices
);
CREATE TABLE slots (
    file_sha VARCHAR NOT NULL,
    slot INTEGER NOT NULL,            -- 1.. in the order of the file
    byte_offset BIGINT NOT NULL,      -- in the file, -1 if the bytes are not contiguous there
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
    byte_offset BIGINT NOT NULL,      -- in the file, -1 if the bytes are not contiguous there
    size INTEGER NOT NULL,            -- bytes; they are kept in files.content
    reason VARCHAR NOT NULL
);
"""

# A file has one location, whichever folder above it was given: /a/b/x.syx, or /a/all.zip!b/x.syx.
# For older rows it is derived from their source as well as possible.
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
    slots BIGINT NOT NULL,            -- rows of slots and file_paths when suggestions were computed:
    paths BIGINT NOT NULL             -- suggestions are out of date if there are more now
);
"""

_HEALTH = """
CREATE TABLE hearings (
    voice_id VARCHAR NOT NULL,
    engine VARCHAR NOT NULL,          -- dx7.sound.engine.ENGINE_VERSION
    hearing INTEGER NOT NULL,         -- dx7.analysis.descriptors.DESCRIPTOR_VERSION
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
    relative_id VARCHAR NOT NULL,     -- greater than voice_id: each pair has one row
    differing INTEGER NOT NULL,       -- audible parameters that differ
    distance FLOAT NOT NULL           -- by sound, dB
);
CREATE TABLE families (
    voice_id VARCHAR NOT NULL,
    family_id VARCHAR NOT NULL,
    at_rest_key VARCHAR NOT NULL,     -- voices with the same key sound alike on a plain note
    performance_key VARCHAR NOT NULL  -- and these with every controller, velocity and key
);
CREATE TABLE family_builds (          -- one row once families are built
    engine VARCHAR NOT NULL,
    hearing INTEGER NOT NULL,
    version INTEGER NOT NULL          -- corpus.analysis.families.FAMILY_VERSION
);
"""

# What search reads (corpus/analysis/search_index.py). All three are derived and replaced whole.
_SEARCH = """
CREATE TABLE search_voices (
    voice_id VARCHAR NOT NULL,
    names VARCHAR[] NOT NULL,         -- the most frequent one first
    sightings BIGINT NOT NULL,
    file_sha VARCHAR NOT NULL,        -- of its first location
    path VARCHAR NOT NULL,
    slot INTEGER NOT NULL,
    algorithm UTINYINT NOT NULL,      -- 1 to 32, as on the panel
    carriers UTINYINT NOT NULL,       -- carriers of that algorithm
    fixed BOOLEAN NOT NULL,           -- a sounding operator has a fixed frequency
    generated BOOLEAN NOT NULL,       -- every file with it was made by a model
    filler BOOLEAN NOT NULL,
    sources VARCHAR[] NOT NULL,
    suggestions VARCHAR[] NOT NULL,   -- categories, the most likely first
    health VARCHAR[] NOT NULL,        -- tags
    family_id VARCHAR NOT NULL,       -- its own id before families are built
    family_size INTEGER NOT NULL,
    heard BOOLEAN NOT NULL,
    brightness FLOAT,                 -- Hz; NULL, like the next two, if not analysed or silent
    attack FLOAT,                     -- seconds
    release FLOAT,                    -- seconds
    sound FLOAT[61]                   -- coordinates of corpus/analysis/sound_space.py; NULL if not analysed
);
CREATE TABLE search_names (
    voice_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    plain VARCHAR NOT NULL,           -- lower case, letters and digits only
    sightings BIGINT NOT NULL
);
CREATE TABLE search_mark (
    mark VARCHAR NOT NULL             -- digest of their input; out of date if it differs now
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

# Earlier answers get these values when the journals are projected again.
_OPINIONS = """
ALTER TABLE answers ADD COLUMN propagated BOOLEAN DEFAULT false;  -- an answer to another voice covers this one
ALTER TABLE answers ADD COLUMN quality UTINYINT;                  -- 1 to 5 if answer = 'quality'
ALTER TABLE answers ADD COLUMN heard VARCHAR DEFAULT '';          -- engine, dx7, web_midi, import, none
ALTER TABLE answers ADD COLUMN lane VARCHAR DEFAULT '';           -- why it was asked (corpus/suggest/queue.py)
ALTER TABLE answers ADD COLUMN page VARCHAR DEFAULT '';           -- where it was answered
"""

_SOUND_MAP = """
CREATE TABLE sound_map (
    voice_id VARCHAR NOT NULL,
    x FLOAT NOT NULL,
    y FLOAT NOT NULL,
    later BOOLEAN NOT NULL            -- placed among its neighbours after the map was built
);
CREATE TABLE sound_map_builds (       -- one row once a map is built
    engine VARCHAR NOT NULL,
    hearing INTEGER NOT NULL,
    version INTEGER NOT NULL          -- corpus.analysis.sound_map.MAP_VERSION
);
"""

# Earlier suggestions were predictions of single sources.
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
    levels BLOB NOT NULL              -- one byte per number
);
CREATE TABLE lessons (
    learned TIMESTAMP NOT NULL,       -- UTC
    card VARCHAR NOT NULL,            -- JSON: training data and accuracy
    trust VARCHAR NOT NULL,           -- JSON: the weight of each source
    ear BLOB NOT NULL                 -- safetensors, dx7/analysis/classifier.py
);
CREATE TABLE crowds (
    voice_id VARCHAR NOT NULL,        -- an analysed voice
    crowd INTEGER NOT NULL,           -- number of the cluster, from 0
    off_middle FLOAT NOT NULL         -- distance from the centre of the cluster; 1 is typical
);
CREATE TABLE crowds_mark (
    mark VARCHAR NOT NULL             -- digest of their input; out of date if it differs now
);
CREATE TABLE learning_curves (
    curve VARCHAR NOT NULL,           -- a query strategy (corpus/suggest/simulation.py), or own (learning_curves.py)
    answers INTEGER NOT NULL,
    accuracy FLOAT NOT NULL,          -- 0 to 1: top-1 accuracy in families without answers
    macro FLOAT NOT NULL,             -- its mean over the categories
    spread FLOAT NOT NULL             -- standard error of the accuracy
);
"""

# Migration n takes a store from version n to n + 1. Never edit a released one; add another.
MIGRATIONS: tuple[str, ...] = (
    *(_FIRST, _REJECTED_VOICES + _HEALTH + _FAMILIES, _PLACES, _SEARCH + _TIMBRES),
    *(_OPINIONS, _SOUND_MAP, _LEARNING),
)
SCHEMA_VERSION = len(MIGRATIONS)
VIEWS = ("sightings", "names")  # a store with any other view is refused
