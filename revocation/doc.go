// Package revocation says what "revoked" and "how fresh" mean to a gateway: the
// signed control records that an issuer streams, the in-memory set they make,
// the issuer keys they announce, and the freshness of all of it.
//
// It promises: a record is applied only under the pinned authority's signature,
// in sequence, once; a revocation is dropped only when every credential of its
// day has expired or a newer signed record lifts it; readers never block and
// never allocate. It reads no clock and knows nothing of Kafka or HTTP: the
// follower in revocation/stream brings bytes and times, revocation/publish
// makes them.
//
// docs/revocation.md specifies the records and the reasoning.
package revocation
