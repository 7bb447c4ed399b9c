-- The topic that the stream is published to; '': none has been noted yet.
ALTER TABLE stream ADD COLUMN topic TEXT NOT NULL DEFAULT '';
