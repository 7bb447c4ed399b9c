// Package provider is how the issuer speaks with an outside service: one that
// may be slow, silent, down or wrong at any time, and whose network is not ours.
//
// It promises that a call ends within its bound, that an answer was made by a
// holder of the shared secret for this very request, that a service in trouble
// is left alone (Breaker) and cannot hold more than a set number of calls, and
// that nothing a call carries, either way, reaches an error, a log or a metric:
// all texts here are constants. It does not promise that a service does its
// work once: it repeats a request, under the same id, when the connection broke
// before an answer.
//
// # Protocol
//
// A request is a POST of one JSON object over HTTPS; plain HTTP is for loopback
// addresses only. Values are strings, names are lower-case ASCII; unknown and
// repeated names are refused. Both sides sign with HMAC-SHA-256 under a secret
// that they share, in one header with one spelling:
//
//	Railgate-Signature: v1;key=KEY;time=SECONDS;id=ID;mac=MAC
//
// KEY names the secret: 1 to 32 of a-z, 0-9 and "-". SECONDS is the Unix time
// of signing, in decimal. ID is 32 lower-case hex digits, random, one for each
// request and the same when it is sent again. MAC is 64 lower-case hex digits.
// What is signed, each line ended by a line feed, hashes in lower-case hex:
//
//	a request                     an answer
//	railgate-partner-request-v1   railgate-partner-answer-v1
//	KEY                           KEY
//	SECONDS                       SECONDS
//	ID                            ID
//	POST                          STATUS (decimal)
//	PATH of the URL               MAC of the request
//	SHA-256 of the body           SHA-256 of the body
//
// An answer thus belongs to one request and to no other. Every answer that says
// something is signed, errors too; what is not signed says nothing. Each side
// refuses a time that is further from its clock than a bound. A URL has no
// query, because the signature does not cover one.
//
// Within that bound a request can be replayed. It is answered as the first time,
// because its id is known: whoever serves must keep ids for at least twice the
// bound. Two secrets may be valid at once. To change one: give both sides the
// new one as their second, then make it the first, then drop the old one. A
// secret serves one service only.
package provider
