// Package store is the issuer's database: applications, checks, credentials,
// sessions, revocations, and the outbox of the control stream. One schema and
// one set of queries serve SQLite and PostgreSQL.
//
// It promises: what a method has returned without error survives a crash of the
// process and of the machine; a cause and its outbox record are one
// transaction; serial indexes of a day are dense and never given twice; records
// leave in an order that agrees with commits, and none is skipped; numbers of an
// epoch that is over mark nothing.
//
// It does not encrypt: personal fields arrive sealed (see vault). It reads no
// clock but for the publisher's lease, which is by the database's, and it judges
// nothing but what must be judged under a lock. Several issuers may share a
// PostgreSQL database; an SQLite file belongs to one issuer, beside which only
// its operator's commands may open it, on the same machine.
package store
