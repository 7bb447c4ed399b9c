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
//   - An entry is sealed only with a proof that a holder of the chain's key wrote it,
//     and once: what was added, changed or copied in the database by other means stays
//     unsealed, is counted and logged by Run, and is named by Verify.
//   - The database refuses what only a slip of ours would ask for: a change of an
//     entry, and the deletion of one that was not archived (0006_audit.sql).
//
// It does not show that an entry was deleted before it was sealed, for about a second.
// It hides nothing: the trail is readable, so nothing personal may be put there. An
// entry says what the issuer did, not that the person behind a shared credential did it.
//
// Files: entry.go what an entry is, proof.go who wrote it, chain.go how entries hang
// together, seal.go (with sift.go and adopt.go), verify.go (with walk.go and break.go),
// read.go for the police desk and operators, archive.go how old entries leave, run.go
// and metrics.go what goes on by itself.
package audit
