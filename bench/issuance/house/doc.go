// Package house runs what the issuance benchmark asks: PostgreSQL of its own or
// an SQLite file, a Kafka-compatible broker in this process, the built issuer
// and, where it is wanted, the built gateway; each with settings made for it.
//
// It promises that all of it ends: with Close, and, if this process dies of
// whatever cause, by itself. The children are out of reach of the terminal's
// Ctrl-C, so that they end in order. Processor time is read from /proc and known
// on Linux only. Everything listens on loopback.
package house
