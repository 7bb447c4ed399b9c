// Package vault keeps personal data at rest: it seals single fields, makes the
// keyed hash by which a person is found again, and derives the pseudonym that a
// code carries. All its keys come from one 32-byte master, one key per purpose.
//
// It promises: without the master a sealed field tells nothing but its length;
// a field that was altered, or moved to another row, column or table, does not
// open; equal persons have equal hashes, and a copy of the database does not
// tell whose they are. It does not hide which rows belong to one person, it
// does not pad, and it protects nothing from someone who holds the master.
//
// Limit: fields are sealed with random 96-bit nonces, which is sound for 2^32
// fields under one master. Rotating the master is later work; the key id in
// every sealed field is there for it.
package vault
