// Package registry keeps the real-name registry of rule B: the holders of accounts,
// the passengers on their lists, the tickets they bought, and who checked whom.
// What is allowed is package rules' to say; here its rules meet the database.
//
// It promises:
//   - Counts and what depends on them change in one transaction under the lock of
//     the holder's row. However many come at once, at however many issuers, a list
//     goes beyond its limit only by passengers who are verified with both originals,
//     no purchase goes beyond one, and a repeated report counts once.
//   - One document opens one account (rule B11).
//   - A status changes only by what a rule allows, by a member whose role may do
//     it, with the entry in the audit trail in the same transaction, and only if
//     the entry is still the one that was looked at.
//   - Whoever is shown somebody's entry is on the trail.
//   - What proves a visit (rule B1) can be guessed as often as the failures' rule
//     for documents allows, counted apart from all other failures.
//   - Personal fields are in the database only sealed, documents and tickets are
//     found by keyed hashes under purposes of their own, and no error repeats what
//     was entered. A closed account leaves a hash for a bounded time, or nothing.
//
// It does not promise that a person is known everywhere once checked somewhere:
// ours, each entry is checked on its own, so that nobody learns from his list what
// others entered. It does not know whether a report of a ticketing system is true,
// whether a child travels with the adult whom the caller names (rule B9), or that
// a Holder's contact is his.
//
// Locks are taken in this order: the account's row (package account), the holder's,
// identities, passengers, tickets, failures.
//
// Files: book.go what a Store works with, row.go what is in the tables, hooks.go what
// happens with an account, claim.go whose a document is, list.go the passenger list;
// act.go who acts, find.go, counter.go, authority.go, correct.go and duplicate.go the visits;
// question.go, record.go, order.go and ticket.go ticketing; held.go and sweep.go what
// is held and how it goes.
package registry
