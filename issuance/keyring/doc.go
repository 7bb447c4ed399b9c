// Package keyring decides which issuer key signs now, and takes the orders that
// move a key along its life:
//
//	generated   lies in the key directory; nobody knows it
//	announced   ordered to gateways; its announcement waits in the outbox
//	waiting     its announcement is in the stream, and the lead time runs, so that
//	            every gateway has read it before the first pass comes by
//	in service  signs: of the keys whose time has come, the one whose time came last
//	overlap     a newer key signs; its own sessions, 30 minutes long, stay good
//	resting     was told to sign nothing more, even if no newer key can
//	retired     all its sessions are over; it is announced no more
//	cut off     an emergency: store.CutOffKey, not here
//
// It promises: a key signs nothing before its announcement has been in the stream
// for the lead time, but for the first key of a database and for what an operator
// orders while no other key is in service; all issuers on one database that hold a
// key agree on when it signs, whatever their clocks say, within the second in which
// they look; a key that rests is out of use everywhere about a second later, and
// half a minute where the database cannot be asked; every order stands in the audit
// trail or was not given; and without a key in service nothing is signed, and the
// error says why.
//
// It does not promise that every issuer holds every key: one that was not started
// again since a key was made goes on with the newest that it has. That is good, too,
// until that key rests. Nor does it keep secrets: see keystore.
//
// Files: book.go and orders.go what the database keeps and who may change it,
// row.go the rule, list.go the operator's table, ring.go and refresh.go the answer
// that costs no question to the database.
package keyring
