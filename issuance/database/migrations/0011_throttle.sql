-- Applications that were never checked are erased early. Revocations are looked up by
-- their credential, to see who else revoked it.

CREATE INDEX applications_unchecked ON applications (created_ms) WHERE state = 1; -- store.Submitted
CREATE INDEX revocations_credential ON revocations (day, idx, id);
