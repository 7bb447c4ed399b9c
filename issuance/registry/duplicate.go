package registry

import "github.com/railgate/railgate/issuance/refusal"

// CanRegister reports whether an identity may open an account (rule B11): it may
// not if another account has it already.
func CanRegister(registered bool) error {
	if registered {
		return refusal.New(IdentityRegistered, "another account has this identity already")
	}
	return nil
}

// CanFreeIdentity reports whether a visit may take an identity from the account
// that has it (rule B11): only the person, in person, at a station window, with
// the original.
func CanFreeIdentity(v Visit) error {
	if v.At != Window {
		return refusal.New(StationWindowOnly, "an identity that is registered already is settled at station windows only")
	}
	if v.Delegated {
		return refusal.New(InPersonOnly, "nobody can be sent for an identity that is registered already")
	}
	if !v.Original {
		return refusal.New(OriginalMissing, "the original of the document is needed")
	}
	return nil
}
