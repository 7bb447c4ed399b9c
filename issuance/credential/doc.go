// Package credential is the issuer's rules on temporary IDs: it takes applications,
// has the person checked, decides, opens sessions, shows codes, revokes and
// erases. docs/issuance.md tells the whole of it, docs/rules.md which rule is
// where.
//
// It promises: nothing is approved but after a real-person check that passed, and
// for a card that the resident registry confirms; however many ask at once, at
// however many issuers, a person is approved at most three times a calendar month
// and has one credential in force; a pass is signed only on a passed check that is
// at most two minutes old and is used up by it, for a credential that is in force,
// under a key that is in service; a check that fails, times out or cannot be done
// uses up nothing; what was acknowledged survives a crash; a revocation reaches the
// outbox of the control stream, and a staff act the audit trail, in the transaction
// that records it; an ended login or a left page shows nothing any more. Personal
// data are sealed before they are stored, gone after 31 days, and never part of an
// error.
//
// It does not look at faces and knows no cards: packages facecheck and provider
// ask those who do, and what they say is believed. It does not slow anybody down
// but by locks after failures; rates are package api's. What an anchor-mode phone
// holds outlives a logout by up to 30 minutes.
//
// Who may do what is a type: a method for passengers takes a Holder, which only
// Authorize makes, for a Visitor with an access token or a login; a method for
// staff takes a staff.Member. Accounts are in package account, the registry of
// passengers in registry and registry/book, the keys' lives in keyring, HTTP in
// api; backend puts all together.
package credential
