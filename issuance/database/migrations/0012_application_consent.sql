-- The version of the privacy policy that an applicant without a login agreed to, and when
-- (rules B12 and G34). Empty: the account's consent applies.
ALTER TABLE applications ADD COLUMN policy TEXT NOT NULL DEFAULT '';
ALTER TABLE applications ADD COLUMN consent_ms {{bigint}} NOT NULL DEFAULT 0;
