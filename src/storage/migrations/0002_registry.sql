-- Models, adapters and datasets. A name has versions that never change; each is one file, found by its digest.
CREATE TABLE artifact (
    name TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('model', 'adapter', 'dataset'))
) STRICT;

CREATE TABLE artifact_version (
    name           TEXT    NOT NULL REFERENCES artifact (name),
    number         INTEGER NOT NULL CHECK (number > 0),
    digest         TEXT    NOT NULL CHECK (length(digest) = 64),
    bytes          INTEGER NOT NULL,
    created_micros INTEGER NOT NULL,
    source         TEXT    NOT NULL,
    run            TEXT    NOT NULL,
    recipe         TEXT    NOT NULL,
    recipe_digest  TEXT    NOT NULL,
    seed           TEXT,
    code_version   TEXT    NOT NULL,
    evaluation     TEXT    NOT NULL,
    details        TEXT    NOT NULL,
    PRIMARY KEY (name, number)
) STRICT;

-- The same bytes are one version of a name, and may have several names.
CREATE UNIQUE INDEX artifact_version_content ON artifact_version (name, digest);
CREATE INDEX artifact_version_digest ON artifact_version (digest);

-- What a version was made from, by digest: the registry need not hold it.
CREATE TABLE artifact_parent (
    name     TEXT    NOT NULL,
    number   INTEGER NOT NULL,
    role     TEXT    NOT NULL CHECK (role IN ('base', 'dataset')),
    position INTEGER NOT NULL,
    digest   TEXT    NOT NULL CHECK (length(digest) = 64),
    PRIMARY KEY (name, number, role, position),
    FOREIGN KEY (name, number) REFERENCES artifact_version (name, number)
) STRICT;

-- Every move that a label ever made. It points where its last one went.
CREATE TABLE artifact_label_move (
    name         TEXT    NOT NULL,
    label        TEXT    NOT NULL,
    sequence     INTEGER NOT NULL CHECK (sequence > 0),
    number       INTEGER NOT NULL,
    moved_micros INTEGER NOT NULL,
    PRIMARY KEY (name, label, sequence),
    FOREIGN KEY (name, number) REFERENCES artifact_version (name, number)
) STRICT;
