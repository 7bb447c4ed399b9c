// Package audit is the trail of what staff, operators and the issuer itself did:
// who, in which role, to what, when. It is appended to and never changed, and its
// entries hang together by a chain of keyed hashes.
//
// It promises:
//   - Append writes in the transaction of the act: both happen or neither.
//   - Appenders never wait for each other. Entries arrive unsealed; Seal, about
//     every second, gives each its place in the chain, without gaps and once.
//   - Verify finds a sealed entry that was changed, removed, inserted or moved, by
//     whoever lacks the chain's key, and names the first position that is wrong. A
//     tail that was cut off, or a whole chain that somebody with the key made anew,
//     it finds against an Anchor that was kept outside the database: Run logs one
//     every minute.
//   - The database refuses what only a slip of ours would ask for: a change of an
//     entry, and the deletion of one that was not archived (0006_audit.sql).
//
// It does not protect an entry before it is sealed: for about a second, whoever
// writes the database by other means can change or drop it, or add one, and it is
// then sealed as it stands. It hides nothing: the trail is readable, so nothing
// personal may be put there. An entry says what the issuer did, not that the
// person behind a shared credential did it.
//
// Files: entry.go what an entry is, chain.go how entries hang together, seal.go,
// verify.go (with walk.go and break.go), read.go for the police desk and
// operators, archive.go how old entries leave, run.go and metrics.go what goes on
// by itself.
package audit
