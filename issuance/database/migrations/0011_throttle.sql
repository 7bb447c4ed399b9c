-- Applications without a face check are erased early. Revocations are looked up by
-- their credential, to find who else revoked it.

CREATE INDEX applications_unchecked ON applications (created_ms) WHERE state = 1; -- credential.StateSubmitted
CREATE INDEX revocations_credential ON revocations (day, idx, id);
