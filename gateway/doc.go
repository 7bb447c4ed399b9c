// Package gateway answers "may this person pass?" over HTTP, from memory alone.
//
// It promises: the check path does no I/O, takes no lock that requests share
// and allocates nothing once warm; every request that is not refused as a
// request gets a verdict with one reason out of a closed list and the age of
// the revocation data behind it; whatever goes wrong inside, the answer is no.
//
// It links no Kafka client, no issuance code and no private key: keys and
// revocations come through a revocation.Replica that others keep up to date.
// docs/openapi/gateway.yaml describes the surface.
package gateway
