// Package reseal walks sealed columns and brings what lies under an older field key
// under the newest one, so that the older can be destroyed.
//
// It promises: a field that somebody changed meanwhile is left as he wrote it; a
// walk that stops anywhere has harmed nothing, and the next finds what was moved
// moved; several walks at once do no harm; nobody waits longer for a walk than a
// small batch takes, and a walk never waits for a row that somebody else has locked;
// a field that does not open stays as it is and is named by its place. Nothing that
// a field holds is ever part of an error or a report.
//
// It does not promise that nothing is left after one walk: fields that were in use
// are missed, and an issuer that runs without the newest key goes on sealing under
// the old one. Left says what is left. Ask it when every issuer has the new key,
// and destroy the old one only when it says 0 (see keystore.DropFieldKey).
package reseal
