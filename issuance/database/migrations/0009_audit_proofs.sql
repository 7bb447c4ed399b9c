-- An entry of the audit log is inserted with a proof that an issuer wrote it: see
-- issuance/audit/proof.go. Older entries have none and are not changed.
ALTER TABLE audit ADD COLUMN proof {{blob}};
CREATE UNIQUE INDEX audit_proof ON audit (proof) WHERE proof IS NOT NULL;

-- An issuer of an older version would chain entries without checking proofs. It does not
-- find the column under its new name, and so stops chaining.
ALTER TABLE audit_chain RENAME COLUMN hash TO head_hash;

-- only sqlite
DROP TRIGGER audit_insert;
CREATE TRIGGER audit_insert BEFORE INSERT ON audit
WHEN NEW.position IS NOT NULL OR NEW.proof IS NULL OR EXISTS (SELECT 1 FROM audit WHERE id = NEW.id OR proof = NEW.proof)
BEGIN
  SELECT RAISE(ABORT, 'audit: an entry arrives unsealed, with a proof, and once');
END;
DROP TRIGGER audit_update;
CREATE TRIGGER audit_update BEFORE UPDATE ON audit
WHEN (OLD.position IS NULL AND NEW.position > (SELECT position FROM audit_chain)
  AND NEW.id = OLD.id AND NEW.at_ms = OLD.at_ms AND NEW.who = OLD.who AND NEW.role = OLD.role
  AND NEW.action = OLD.action AND NEW.object_kind = OLD.object_kind AND NEW.object = OLD.object
  AND NEW.detail = OLD.detail AND NEW.request = OLD.request AND NEW.proof IS OLD.proof) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'audit: an entry is sealed once and never changed');
END;
-- end only

-- only postgres
CREATE OR REPLACE FUNCTION audit_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' AND NEW.position IS NULL AND NEW.proof IS NOT NULL THEN
    RETURN NEW;
  ELSIF TG_OP = 'UPDATE' AND OLD.position IS NULL AND NEW.position > (SELECT position FROM audit_chain)
    AND (NEW.id, NEW.at_ms, NEW.who, NEW.role, NEW.action, NEW.object_kind, NEW.object, NEW.detail, NEW.request)
      = (OLD.id, OLD.at_ms, OLD.who, OLD.role, OLD.action, OLD.object_kind, OLD.object, OLD.detail, OLD.request)
    AND NEW.proof IS NOT DISTINCT FROM OLD.proof THEN
    RETURN NEW;
  ELSIF TG_OP = 'DELETE' AND OLD.position <= (SELECT base FROM audit_chain) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'audit: an entry arrives unsealed and with a proof, is sealed once, never changes, and goes when it is archived (% refused)', TG_OP;
END $$;
-- end only
