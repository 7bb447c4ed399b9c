// Package passenger goes a passenger's way through an issuer over HTTP, and
// checks what comes back: application, real-person check, session, code.
//
// It promises that an answer which is not the contract's is an error, that
// nothing is asked twice for the caller, and that every call ends within
// Within. It is built to cost the machine little beside the issuer it asks: the
// answers are looked at, but no signature is verified. It speaks HTTP only and
// knows nothing of how the issuer is built. Errors name the call, the status and
// a problem's code, never what was sent.
package passenger
