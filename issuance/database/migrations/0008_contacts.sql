-- Accounts are not found by phone or mail address: these have no index.
DROP INDEX accounts_phone;
DROP INDEX accounts_email;
ALTER TABLE accounts DROP COLUMN phone_index;
ALTER TABLE accounts DROP COLUMN email_index;
