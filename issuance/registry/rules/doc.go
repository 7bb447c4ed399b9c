// Package rules is the real-name registry of rule B as rules: which statuses
// an identity has, who may move it where, what an account may do with its list
// of passengers, with tickets, and what a station does for whom.
//
// It promises that what no rule allows is refused, with a code from a closed
// list (Codes); that a standing which cannot exist is refused everything; and
// that no refusal repeats what was entered. Every function is pure: what is
// counted, what time it is and what is on file come in, a decision goes out.
//
// It does not promise that two decisions taken at once hold together: who stores
// what was decided (package registry) takes the counts and writes in one transaction. It does not
// know who asks: that a clerk is one, and that an account is the caller's, is
// settled before.
package rules
