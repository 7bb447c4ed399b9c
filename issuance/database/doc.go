// Package database is the issuer's database as a place: opening it, its schema,
// and transactions. What is in the tables belongs to the packages that ask
// (store, account, registry, audit); the schema of all is in migrations, so that
// one database has one number.
//
// It promises: one schema and one set of queries serve SQLite and PostgreSQL;
// what Change has returned without error survives a crash of the process and of
// the machine, whole or not at all; no call outlasts its bound.
//
// It does not encrypt: personal fields arrive sealed (see vault). Several issuers
// may share a PostgreSQL database; an SQLite file belongs to one issuer, beside
// which only its operator's commands may open it, on the same machine.
package database
