package tokens

// Keys finds issuer keys. Key returns nil for an unknown id; it must not block
// and may be called from many goroutines. *KeySet is one.
type Keys interface{ Key(KeyID) *Key }

// Revocations says what was revoked, as of what the caller knows. It must not
// block and may be called from many goroutines.
type Revocations interface {
	// Revoked reports whether the credential was revoked.
	Revoked(Serial) bool
	// CutOff is the earliest session start, Unix seconds, at which a pass of the
	// subject is good; 0: any.
	CutOff(Subject) int64
	// Closed reports whether the holder had closed the credential's session that
	// started at start by the second by, both Unix time; Never asks for any time.
	Closed(s Serial, start, by int64) bool
}

// Shown is a link that was proven to belong to a pass: hashed Step+1 times it is
// the anchor.
type Shown struct {
	Step uint8
	Link Link
}

// Passes remembers passes whose signature was verified, and with each the newest
// link shown. Recall may answer true only if the very same bytes were given to
// Remember, and then only with a link that was given with them; forgetting at any
// time is allowed, since a miss only costs a verification.
type Passes interface {
	Recall(pass *SignedPass) (newest Shown, ok bool)
	Remember(pass *SignedPass, shown Shown)
}

// Checker decides about codes. Revocations and Passes may be nil, then nothing
// is revoked and nothing remembered; Keys may not.
type Checker struct {
	Keys        Keys
	Revocations Revocations
	Passes      Passes
}

// Check is the one order in which a parsed code is judged, at now (Unix
// seconds) and for one use of it. Cheap refusals come first; key, times and
// revocation are looked up on every call, so what Passes remembers can never
// admit a code that these would refuse. Only ReasonOK admits.
//
// Until the answer is ReasonOK nothing in t is proven: a refusal speaks of what
// the code claims.
func (c *Checker) Check(t *Token, now int64, scope Scope) Reason {
	reason, unproven := c.Screen(t, now, scope)
	if unproven != nil {
		reason = c.Prove(t, unproven)
	}
	return reason
}

// Screen is all of Check that is cheap. A nil key: the reason stands. Otherwise
// the pass was never seen here, and Prove must say whether the key signed it.
func (c *Checker) Screen(t *Token, now int64, scope Scope) (reason Reason, unproven *Key) {
	return c.screen(t, now, Never, scope)
}

// screen is Screen for a session that counts as closed if it was closed by the
// second by.
func (c *Checker) screen(t *Token, now, by int64, scope Scope) (reason Reason, unproven *Key) {
	key := c.Keys.Key(t.KeyID())
	if key == nil {
		return ReasonUnknownKey, nil
	}
	if !key.covers(t.Start(), t.Serial()) {
		return ReasonKeyRetired, nil
	}
	if r := t.checkTimes(now); r != ReasonOK {
		return r, nil
	}
	if !t.Scopes().Has(scope) {
		return ReasonScope, nil
	}
	if r := c.Revocations; r != nil {
		if r.Revoked(t.Serial()) || t.Start() < r.CutOff(t.Subject()) {
			return ReasonRevoked, nil
		}
		if r.Closed(t.Serial(), t.Start(), by) {
			return ReasonSessionClosed, nil
		}
	}
	if c.Passes == nil {
		return ReasonInternal, key // denies, if somebody forgets to ask Prove
	}
	newest, known := c.Passes.Recall(t.Pass())
	if !known {
		return ReasonInternal, key
	}
	if !t.linkFollows(&newest) {
		return ReasonLink, nil
	}
	if t.raw[offStep] > newest.Step {
		c.Passes.Remember(t.Pass(), t.shown())
	}
	return ReasonOK, nil
}

// Prove verifies the link, which is cheap, and then the signature of a code that
// Screen let through.
func (c *Checker) Prove(t *Token, key *Key) Reason {
	if !t.linkHolds() {
		return ReasonLink
	}
	if !key.verify(t) {
		return ReasonSignature
	}
	if c.Passes != nil {
		c.Passes.Remember(t.Pass(), t.shown())
	}
	return ReasonOK
}
