-- Paper proofs that police desks made. The person is a keyed hash of the document,
-- with a purpose of its own: it cannot be joined with other tables.

CREATE TABLE paper_proofs (
  id        TEXT PRIMARY KEY,
  person    {{blob}} NOT NULL,
  reason    TEXT NOT NULL,
  issued_ms {{bigint}} NOT NULL
){{table}};
CREATE INDEX paper_proofs_person ON paper_proofs (person, issued_ms);
CREATE INDEX paper_proofs_issued ON paper_proofs (issued_ms);
