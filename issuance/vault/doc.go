// Package vault keeps personal data at rest: it seals single fields, makes the
// keyed hashes by which a person or a contact is found again, and derives the
// pseudonym that a code carries. Its keys come from one 32-byte master, one key
// per purpose, and from field keys that can be changed.
//
// It promises: without the keys a sealed field tells nothing but its length and
// under which field key it lies; a field that was altered, or moved to another
// row, column or table, does not open; equal persons have equal hashes, and a
// copy of the database does not tell whose they are. It does not hide which rows
// belong to one person, it does not pad, and it protects nothing from someone
// who holds the keys.
//
// Rotation. The master keeps deriving the hashes and pseudonyms for ever: a new
// one would make every person a stranger. Fields can move. The field key with the
// highest number seals, all known ones open, and the one derived from the master
// is number 0. Random 96-bit nonces are sound for 2^32 seals under one field key,
// each Reseal being one of them: nobody counts them, so add a key long before that
// (2^32 is three fields of 1.4 billion applications), and when one may have leaked.
// Then walk the tables: what is Stale is sealed anew by Reseal. When nothing is
// Stale any more, the old key can be destroyed, and with it what old backups hold
// under it. Number 0 lives as long as the master.
//
// Limit: whoever has no newer field key yet cannot open what is sealed under it.
// Several issuers on one database must all know a key before one of them seals
// under it: give it to all, stop all, start all.
package vault
