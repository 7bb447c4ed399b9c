-- Whether the holder's document has characters that could not be entered (rule B8).
ALTER TABLE accounts ADD COLUMN substituted {{blob}}; -- encrypted; null: no, or not asked at the time
