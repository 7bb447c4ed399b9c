// Package staff knows who works with the issuer: the credentials of station
// windows, agencies, the police desk, operators and the systems that ask it, the
// role of each, and what a role may do (action.go reads like a rule sheet).
//
// It promises: a Member comes from a List only, for a credential that was shown,
// known and in force at that moment; what no rule allows is refused; no credential
// has a role that its entry does not name; a secret is nowhere but in the hands of
// its holder, and no error repeats what was shown.
//
// It does not keep people apart who share a credential, it limits no rate, and it
// writes no trail: that is package audit's, which names the role that a Member
// acted in.
package staff
