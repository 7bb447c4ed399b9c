// Package revocation defines what "revoked" and "how fresh" mean to a gateway: the signed control records
// that an issuer streams, the in-memory set built from them, the issuer keys they announce, and the freshness
// of the data.
//
// It promises: a record is applied only under the pinned authority's signature, in sequence, once; a
// revocation is dropped only when every credential of its day has expired or a newer signed record unrevokes
// it; readers never block and never allocate. It reads no clock and does not depend on Kafka or HTTP: the
// follower in revocation/stream passes in bytes and times, and revocation/publish writes the messages.
//
// docs/revocation.md specifies the records and the reasons.
package revocation
