-- Nobody finds an account by phone or mail address: no index of them is kept.
DROP INDEX accounts_phone;
DROP INDEX accounts_email;
ALTER TABLE accounts DROP COLUMN phone_index;
ALTER TABLE accounts DROP COLUMN email_index;
