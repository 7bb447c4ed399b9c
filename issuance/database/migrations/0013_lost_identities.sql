-- A window finds the accounts whose identity was removed (rule B11).
CREATE INDEX holders_lost ON holders (lost) WHERE lost IS NOT NULL;
