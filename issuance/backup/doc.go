// Package backup copies the issuer's database while it is in use, and says what
// must be done to a database that came back from a copy before an issuer runs on it.
//
// It promises: Backup makes a whole copy of one moment, with everything that was
// acknowledged before it began, on disk under its name or not there at all, for its
// owner's eyes only; it never overwrites. AfterRestore sees to it that no serial is
// given twice and that gateways hear everything in force again.
//
// It does not encrypt: personal fields are sealed in the copy as they are in the
// database, and without the key directory the copy opens nothing; keep the two
// apart. It does not copy PostgreSQL: that has tools of its own (pg_dump,
// continuous archiving). And what was done between copy and loss is gone: what
// AfterRestore cannot bring back is listed at its Report.
package backup
