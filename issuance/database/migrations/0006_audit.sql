-- Actions of staff, operators and the issuer, without personal data. An entry is
-- inserted unchained, in the transaction of its action. Chaining it, once, gives it
-- its position; it never changes otherwise. The triggers prevent mistakes. An attacker
-- can drop them, but lacks the chain's key, which is not in the database.
CREATE TABLE audit (
  id          {{autoid}},
  at_ms       {{bigint}} NOT NULL,
  who         TEXT NOT NULL,              -- name of a staff credential, or of a command's operator
  role        TEXT NOT NULL,
  action      TEXT NOT NULL,
  object_kind TEXT NOT NULL,
  object      TEXT NOT NULL,
  detail      TEXT NOT NULL,
  request     TEXT NOT NULL,              -- empty: a command or a timer
  position    {{bigint}} UNIQUE,          -- null until chained; from 1, without gaps
  hash        {{blob}},                   -- null until chained; HMAC-SHA-256 over the entry and the previous hash
  CHECK ((position IS NULL) = (hash IS NULL))
){{table}};
CREATE INDEX audit_unsealed ON audit (id) WHERE position IS NULL;
CREATE INDEX audit_time ON audit (at_ms, id);
CREATE INDEX audit_object ON audit (object_kind, object, at_ms, id);

-- Both ends of the chain. Chaining locks this row.
CREATE TABLE audit_chain (
  id        {{int}} PRIMARY KEY CHECK (id = 1),
  position  {{bigint}} NOT NULL,          -- of the newest chained entry; 0: none yet
  hash      {{blob}} NOT NULL,            -- of that entry
  base      {{bigint}} NOT NULL,          -- last archived and deleted position; 0: none
  base_hash {{blob}} NOT NULL,            -- of that entry
  base_seal {{blob}} NOT NULL,            -- MAC under the chain's key: the issuer deleted them
  CHECK (base <= position)
){{table}};

-- only sqlite
INSERT INTO audit_chain VALUES (1, 0, zeroblob(32), 0, zeroblob(32), zeroblob(32));

-- REPLACE deletes the old row without the trigger on DELETE.
CREATE TRIGGER audit_insert BEFORE INSERT ON audit
WHEN NEW.position IS NOT NULL OR EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
BEGIN
  SELECT RAISE(ABORT, 'audit: an entry arrives unsealed, and once');
END;
CREATE TRIGGER audit_update BEFORE UPDATE ON audit
WHEN (OLD.position IS NULL AND NEW.position > (SELECT position FROM audit_chain)
  AND NEW.id = OLD.id AND NEW.at_ms = OLD.at_ms AND NEW.who = OLD.who AND NEW.role = OLD.role
  AND NEW.action = OLD.action AND NEW.object_kind = OLD.object_kind AND NEW.object = OLD.object
  AND NEW.detail = OLD.detail AND NEW.request = OLD.request) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'audit: an entry is sealed once and never changed');
END;
CREATE TRIGGER audit_delete BEFORE DELETE ON audit
WHEN (OLD.position <= (SELECT base FROM audit_chain)) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'audit: only what is archived may go');
END;
CREATE TRIGGER audit_chain_insert BEFORE INSERT ON audit_chain
BEGIN
  SELECT RAISE(ABORT, 'audit: there is one chain');
END;
CREATE TRIGGER audit_chain_update BEFORE UPDATE ON audit_chain
WHEN (NEW.id = OLD.id AND NEW.position >= OLD.position AND NEW.base >= OLD.base) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'audit: the chain never goes back');
END;
CREATE TRIGGER audit_chain_delete BEFORE DELETE ON audit_chain
BEGIN
  SELECT RAISE(ABORT, 'audit: there is one chain');
END;
-- end only

-- only postgres
INSERT INTO audit_chain VALUES (1, 0, decode(repeat('00', 32), 'hex'), 0, decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex'));

CREATE FUNCTION audit_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' AND NEW.position IS NULL THEN
    RETURN NEW;
  ELSIF TG_OP = 'UPDATE' AND OLD.position IS NULL AND NEW.position > (SELECT position FROM audit_chain)
    AND (NEW.id, NEW.at_ms, NEW.who, NEW.role, NEW.action, NEW.object_kind, NEW.object, NEW.detail, NEW.request)
      = (OLD.id, OLD.at_ms, OLD.who, OLD.role, OLD.action, OLD.object_kind, OLD.object, OLD.detail, OLD.request) THEN
    RETURN NEW;
  ELSIF TG_OP = 'DELETE' AND OLD.position <= (SELECT base FROM audit_chain) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'audit: an entry arrives unsealed, is sealed once, never changes, and goes when it is archived (% refused)', TG_OP;
END $$;
CREATE TRIGGER audit_row BEFORE INSERT OR UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_guard();
CREATE TRIGGER audit_truncate BEFORE TRUNCATE ON audit EXECUTE FUNCTION audit_guard();

CREATE FUNCTION audit_chain_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.id = OLD.id AND NEW.position >= OLD.position AND NEW.base >= OLD.base THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'audit: there is one chain, and it never goes back (% refused)', TG_OP;
END $$;
CREATE TRIGGER audit_chain_row BEFORE INSERT OR UPDATE OR DELETE ON audit_chain FOR EACH ROW EXECUTE FUNCTION audit_chain_guard();
CREATE TRIGGER audit_chain_truncate BEFORE TRUNCATE ON audit_chain EXECUTE FUNCTION audit_chain_guard();
-- end only
