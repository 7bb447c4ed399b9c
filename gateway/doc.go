// Package gateway checks the codes of temporary IDs over HTTP, from memory alone.
//
// It promises: the check path does no I/O, takes no lock that requests share and
// allocates nothing once warm. Every well-formed request gets a verdict with one
// reason from a closed list and the age of the revocation data. Any internal
// failure denies.
//
// The package links no Kafka client, no issuance code and no private key. Keys and
// revocations come from a [revocation.Replica], which its owner keeps up to date.
// docs/openapi/gateway.yaml describes the HTTP interface.
package gateway
