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
	return v.canRead()
}

// FreeIdentity is the status of the account from which a visit takes an identity
// (rule B11). Ours: it failed, for the identity is not its to use; its holder may
// enter another one.
func FreeIdentity(v Visit) (Status, error) {
	if err := CanFreeIdentity(v); err != nil {
		return 0, err
	}
	return Failed, nil
}
