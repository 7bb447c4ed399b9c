// Package residents asks the registry of resident IDs whether a card with this
// number exists for this name, and is not reported lost or cancelled.
//
// It promises one interface. That a card matches says nothing of who holds the
// phone: that is package realperson's question (rule A6). It holds no registry:
// Sandbox matches nearly everybody and exists for demos and tests.
package residents
