-- Names as in docs/glossary.md.
ALTER TABLE rescued RENAME TO exempted;
ALTER TABLE issuer_keys RENAME COLUMN rest_ms TO inactive_ms;
ALTER TABLE revocations RENAME COLUMN lifted TO unrevoked;
