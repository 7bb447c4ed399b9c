// Package remote has an outside service send codes to phones, over package partner, whose
// comment has the signatures.
//
// It promises that a code counts as sent only if a holder of the shared secret said so, for
// that very message, and that neither number nor code outlives the call. A request that was
// sent again, because its connection broke, has the same id: the service sends one message
// for an id.
//
// # Protocol
//
// docs/openapi/phone-code.yaml has it as the service sees it. The issuer sends
//
//	POST /v1/messages
//	{"phone":"+8613800000001","code":"123456","purpose":"verify_phone","language":"zh"}
//
// and the service answers
//
//	200 {"message":"accepted"}   or "undeliverable"
//
// Anything else is a fault of the service.
package remote
