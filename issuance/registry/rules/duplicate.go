package rules

import "github.com/railgate/railgate/issuance/problem"

// CanRegister reports whether an identity may open an account (rule B11): it may
// not if another account has it already.
func CanRegister(registered bool) error {
	if registered {
		return problem.New(IdentityRegistered, "another account has this identity already")
	}
	return nil
}

// CanFreeIdentity reports whether a visit may take an identity from the account
// that has it (rule B11): only the person, in person, at a station window, with
// the original.
func CanFreeIdentity(v Visit) error {
	if v.At != Window {
		return problem.New(StationWindowOnly, "an identity that is registered already is settled at station windows only")
	}
	if v.Delegated {
		return problem.New(InPersonOnly, "nobody can be sent for an identity that is registered already")
	}
	return v.canRead()
}

// FreedStatus is the status of an account from which a window took an identity
// (rule B11). Our choice: failed, because the identity is not its to use. Its
// holder may enter another one, or prove at a window to be the owner.
const FreedStatus = Failed
