// Package store keeps applications, checks, credentials, sessions, revocations
// and the outbox of the control stream in the issuer's database (see
// issuance/database, which says what any of it survives).
//
// It promises: a cause and its outbox record are one transaction; serial indexes of a day are never given twice, and with
// few gaps; records
// leave in an order that agrees with commits, and none is skipped; numbers of an
// epoch that is over mark nothing.
//
// It does not encrypt: personal fields arrive sealed (see vault). It reads no
// clock but for the publisher's lease, which is by the database's, and it judges
// nothing but what must be judged under a lock.
package store
