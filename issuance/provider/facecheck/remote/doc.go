// Package remote asks an outside provider for real-person checks, over package
// partner, whose comment has the signatures.
//
// It promises that a check passes only if a holder of the shared secret said so,
// for that very check, while it was waited for; that every wait and every memory
// is bounded; and that nothing of a person outlives the call. It does not promise
// that a decision reaches a waiting check after the issuer has started anew, or
// at another issuer: ids live in the memory of one process. Issuers that stand
// side by side need a callback URL each.
//
// # Protocol
//
// docs/openapi/real-person.yaml has it as the provider sees it. The issuer sends
//
//	POST /v1/checks
//	{"name":"…","document_type":"resident_id","document_number":"…",
//	 "evidence":"…","callback_url":"https://…"}
//
// with the id of the check in the signature. The same id again is the same
// check: it gets the answer that it got, or would have got. The answers are
//
//	200 {"decision":"passed"}   the evidence shows the person, live
//	200 {"decision":"failed"}   it does not
//	202 {"decision":"later"}    the callback will tell
//	422 {"error":"evidence_unreadable"}
//
// Anything else is a fault of the provider. After "later", as soon as it is
// decided and within the seconds that a passenger waits, the provider sends
//
//	POST to the callback URL
//	{"request":"ID of the check","decision":"passed"}
//
// signed as a request of its own, with an id of its own and the path of the
// callback URL. It may arrive before the answer. The issuer answers 200 {},
// whether the check waits, has the decision already, is over or was never made,
// and 409 {} if it was told otherwise before: the first decision stands. Both are
// signed. What is not signed as it must be gets 401 and no more. A provider that
// gets no answer sends the callback again, for at most a minute.
package remote
