package tokens

// Keys finds issuer keys. Key returns nil for an unknown id. It must not block and
// may be called concurrently. [KeySet] implements it.
type Keys interface{ Key(KeyID) *Key }

// Revocations answers from the caller's revocation data. Its methods must not block
// and may be called concurrently.
type Revocations interface {
	// Revoked reports whether the credential was revoked.
	Revoked(Serial) bool
	// Cutoff returns the subject's cutoff: the earliest session start, Unix seconds,
	// at which its passes are valid. 0 means no cutoff.
	Cutoff(Subject) int64
	// Closed reports whether the holder had closed, at time by or earlier, the
	// credential's session that started at start. Both are Unix seconds. With
	// Never as by it reports whether the session was closed at all.
	Closed(s Serial, start, by int64) bool
}

// Shown is a link that was verified for a pass: hashed Step+1 times it gives the
// anchor.
type Shown struct {
	Step uint8
	Link Link
}

// Passes is a cache of passes whose signature was verified, each with the newest
// link shown. Recall may return true only for the exact bytes that were given to
// Remember, and only with a link that was given with them. An implementation may
// forget a pass at any time: a miss costs one signature verification.
type Passes interface {
	Recall(pass *SignedPass) (newest Shown, ok bool)
	Remember(pass *SignedPass, shown Shown)
}

// Checker checks codes. Revocations and Passes may be nil: then no credential is
// revoked and no pass is remembered. Keys must not be nil.
type Checker struct {
	Keys        Keys
	Revocations Revocations
	Passes      Passes
	// Ahead, if not nil, is called for a code whose lookups are done, before its hashes and its signature are
	// checked. It can begin to load what its caller needs after the check: the computing then hides the wait for
	// memory. It must not block or change the code, and decides nothing.
	Ahead func(*Token)
}

// Check checks a parsed code at now (Unix seconds) for one scope, in the order of
// docs/token-format.md section 10. Cheap checks come first. Key, times and revocation
// are checked on every call, so a remembered pass never admits a code that these
// checks refuse. Only ReasonOK admits.
//
// The fields of t are proven only if the answer is ReasonOK. With any other answer
// they are claims of the code.
func (c *Checker) Check(t *Token, now int64, scope Scope) Reason {
	reason, unproven := c.Screen(t, now, scope)
	if unproven != nil {
		reason = c.Prove(t, unproven)
	}
	return reason
}

// Screen runs the cheap part of Check. If unproven is nil, reason is the verdict.
// Otherwise the pass is not in Passes, and [Checker.Prove] must verify it with the
// returned key.
func (c *Checker) Screen(t *Token, now int64, scope Scope) (reason Reason, unproven *Key) {
	return c.screen(t, now, Never, scope)
}

// screen is Screen with a time for closed sessions: a session counts as closed if
// it was closed at time by or earlier.
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
		if r.Revoked(t.Serial()) || t.Start() < r.Cutoff(t.Subject()) {
			return ReasonRevoked, nil
		}
		if r.Closed(t.Serial(), t.Start(), by) {
			return ReasonSessionClosed, nil
		}
	}
	var newest Shown
	known := false
	if c.Passes != nil {
		newest, known = c.Passes.Recall(t.Pass())
	}
	if c.Ahead != nil {
		c.Ahead(t)
	}
	if !known {
		return ReasonInternal, key // denies if the caller omits Prove
	}
	if !t.linkFollows(&newest) {
		return ReasonLink, nil
	}
	if t.raw[offStep] > newest.Step {
		c.Passes.Remember(t.Pass(), t.shown())
	}
	return ReasonOK, nil
}

// Prove verifies the link, which is cheap, and then the signature of a code for
// which [Checker.Screen] returned a key.
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
