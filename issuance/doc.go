// Package issuance is the issuer: it takes applications for the electronic
// temporary ID, has the person checked, approves, opens sessions and revokes.
//
// It promises: a pass is signed only on a passed real-person check that is at
// most two minutes old and is used up by it, for a credential that is in force;
// a failed or timed-out check changes nothing; what was acknowledged survives a
// crash; a revocation reaches the outbox of the control stream in the same
// transaction that records it. Personal data are sealed before they are stored
// and never part of an error.
//
// It is the first floor. Not here yet: the quota (A7), early renewal (A9),
// accounts and lists (A5, A12, A13), the erasure of personal data after 31
// days, staff roles, and the registry of passengers (B1 to B12). Nothing limits
// how often one person may apply.
//
// Who may do what is a type: a method for passengers takes a Holder, which only
// Authorize makes; a method for staff takes a Staff. HTTP is in issuance/api.
package issuance
