// Package account is the passenger's account: registration, password, logins, the
// profile, and what a person may see and have erased.
//
// It promises: an unknown login name and a wrong password get the same answer for
// the same work; of attempts at the same time no more are answered than the
// failures' rule allows; a login ends for good, at its bounds or by its holder,
// and whatever is bound to it learns so in the same transaction (rule A12); two
// edits of one profile do not overwrite each other; personal fields are in the
// database only sealed, and found by keyed hashes; no error repeats what was
// entered; a closed account leaves nothing here.
//
// It does not know whether an identity is verified, taken or free: the registry does,
// and has its say through Hooks. A code shows that a phone is the holder's (rule G40),
// and is the way back from a forgotten password; no answer tells whether there is such
// an account. An e-mail address is not checked. Neither phone nor e-mail address is a
// login name. An account with a hash of older parameters answers in older time until
// its next login.
package account
