-- Applications have a state, persons a quota and at most one active credential.

ALTER TABLE applications ADD COLUMN state {{int}} NOT NULL DEFAULT 1; -- credential.State
ALTER TABLE applications ADD COLUMN state_ms {{bigint}} NOT NULL DEFAULT 0;
ALTER TABLE applications ADD COLUMN refused_for TEXT NOT NULL DEFAULT ''; -- problem code
ALTER TABLE applications ADD COLUMN account TEXT;      -- null: submitted without a login
UPDATE applications SET state = 3 WHERE id IN (SELECT application FROM credentials);
UPDATE applications SET state_ms = created_ms;
CREATE INDEX applications_account ON applications (account, created_ms);
CREATE INDEX applications_created ON applications (created_ms);

-- A person's latest credential. Locking the row serializes the decisions on the
-- person's applications.
CREATE TABLE persons (
  person {{blob}} PRIMARY KEY,
  day    {{int}},
  idx    {{bigint}}
){{table}};
INSERT INTO persons (person, day, idx)
  SELECT a.person, c.day, c.idx FROM credentials c JOIN applications a ON a.id = c.application
  WHERE c.approved_ms = (SELECT MAX(o.approved_ms) FROM credentials o JOIN applications b ON b.id = o.application WHERE b.person = a.person)
  ON CONFLICT (person) DO NOTHING;

-- Approvals of a calendar month, Beijing time, as year * 100 + month.
CREATE TABLE quotas (
  person {{blob}} NOT NULL,
  month  {{int}} NOT NULL,
  used   {{int}} NOT NULL,
  PRIMARY KEY (person, month)
){{table}};

ALTER TABLE credentials ADD COLUMN superseded {{int}} NOT NULL DEFAULT 0; -- 1: replaced by a newer one
CREATE INDEX credentials_expiry ON credentials (expires_ms);

-- The login that opened a session, and when the session was closed.
ALTER TABLE sessions ADD COLUMN login TEXT;            -- null: opened with an access token
ALTER TABLE sessions ADD COLUMN closed_ms {{bigint}};
CREATE INDEX sessions_login ON sessions (login);
