package tokens

// The rotation window: the current step, the one before it, and the next one in
// the last seconds before it begins.
const (
	// PreviousSteps lets a code through that was shown at the last moment of its
	// period. A photographed code lives two periods at most.
	PreviousSteps = 1
	// Ahead is how many seconds early a step is accepted: what a phone that took
	// the server's time over a slow network can be off, seconds.
	Ahead = 5
)

// checkTimes places now (Unix seconds) in the credential and in the session.
// The credential ends exactly at expiry (rule A8), with no tolerance.
func (t *Token) checkTimes(now int64) Reason {
	if now >= t.Expiry() {
		return ReasonCredentialExpired
	}
	if now < t.Start()-Ahead {
		return ReasonNotYet
	}
	return t.checkStep(now)
}

// checkStep compares the step that the code claims with the step that the
// clock says. The link proves the claim later; an old step is refused here
// because its link is public knowledge by now.
func (t *Token) checkStep(now int64) Reason {
	elapsed, period, length := now-t.Start(), t.Period(), t.Length()
	current := elapsed / period // -0 for the first Ahead seconds before the start: step 0
	step := t.Step()
	switch {
	case step < current-PreviousSteps:
		if current >= length {
			// No newer link exists: only a new face check helps.
			return ReasonSessionOver
		}
		return ReasonStale
	case step > current+1, step == current+1 && elapsed < step*period-Ahead:
		return ReasonAhead
	}
	return ReasonOK
}

// SecondsLeft is how long the pass can still be shown at now: until the session
// or the credential ends, whichever is first; 0 when it is over.
func (t *Token) SecondsLeft(now int64) int64 {
	return max(0, min(t.Start()+t.Period()*t.Length(), t.Expiry())-now)
}
