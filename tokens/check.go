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
}

// Passes remembers passes whose signature was verified. Verified may answer
// true only if the very same bytes were given to Remember; forgetting at any
// time is allowed, since a miss only costs a verification.
type Passes interface {
	Verified(*SignedPass) bool
	Remember(*SignedPass)
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
	key := c.Keys.Key(t.KeyID())
	if key == nil {
		return ReasonUnknownKey
	}
	if !key.covers(t.Start(), t.Serial()) {
		return ReasonKeyRetired
	}
	if r := t.checkTimes(now); r != ReasonOK {
		return r
	}
	if !t.Scopes().Has(scope) {
		return ReasonScope
	}
	if r := c.Revocations; r != nil && (r.Revoked(t.Serial()) || t.Start() < r.CutOff(t.Subject())) {
		return ReasonRevoked
	}
	if !t.linkHolds() {
		return ReasonLink
	}
	if c.Passes != nil && c.Passes.Verified(t.Pass()) {
		return ReasonOK
	}
	if !key.verify(t) {
		return ReasonSignature
	}
	if c.Passes != nil {
		c.Passes.Remember(t.Pass())
	}
	return ReasonOK
}
