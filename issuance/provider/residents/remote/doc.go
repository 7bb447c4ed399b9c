// Package remote looks cards up at an outside registry, over package partner,
// whose comment has the signatures.
//
// It promises that a card matches only if a holder of the shared secret said so,
// for that very lookup, and that nothing of a person outlives the call. It keeps
// no answers: a card reported lost a minute ago must not match.
//
// # Protocol
//
// docs/openapi/residents.yaml has it as the registry sees it. The issuer sends
//
//	POST /v1/lookups
//	{"name":"…","document_type":"resident_id","document_number":"…"}
//
// and the registry answers
//
//	200 {"match":"matched"}   or "not_matched", "lost", "cancelled"
//
// Anything else is a fault of the registry.
package remote
