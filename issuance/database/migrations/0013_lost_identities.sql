-- A window finds the accounts that have lost an identity (rule B11).
CREATE INDEX holders_lost ON holders (lost) WHERE lost IS NOT NULL;
