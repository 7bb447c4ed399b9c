// Package throttle holds back those who try too often: a rate limit in memory,
// failures in the database that lock, the share of failures that slows a network,
// and the network address that a caller is counted by.
//
// It promises: a Limiter never holds more keys than it was given, and no flood of
// new keys lifts the limit of any; a Lockout locks after exactly as many as the
// rule says, however many come at once and at however many issuers; a network is
// slowed and never locked; a clock that was set back lengthens no lock beyond
// the longest lock; an address is taken from a header only if a trusted proxy sent it.
//
// It does not know what a failure is, and it does not stop someone who has many
// addresses and many accounts to try: that is for a firewall. Whoever knows a
// login name can lock it by failing; the longest lock is short for that reason.
// A stranger who knows a document number can delay its face checks, not lock them.
package throttle
