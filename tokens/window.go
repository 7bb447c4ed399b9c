package tokens

// The rotation window: the current step, the previous step, and the next step in the
// last seconds before it begins.
const (
	// PreviousSteps is the number of earlier steps that are accepted. It admits a
	// code that was shown at the end of its period. A photographed code is valid
	// for two periods and Ahead at most.
	PreviousSteps = 1
	// Ahead is how many seconds before its start a step is accepted.
	// It covers the error of a phone that read the server's time over a slow network.
	Ahead = 5
)

// checkTimes compares now (Unix seconds) with the times of the credential and the
// session. The credential ends exactly at expiry (rule A8), with no tolerance.
func (t *Token) checkTimes(now int64) Reason {
	if now >= t.Expiry() {
		return ReasonCredentialExpired
	}
	if now < t.Start()-Ahead {
		return ReasonNotYet
	}
	return t.checkStep(now)
}

// checkStep compares the step that the code claims with the current step. The link
// proves the claim later. An old step is refused because its link has been shown.
func (t *Token) checkStep(now int64) Reason {
	elapsed, period, length := now-t.Start(), t.Period(), t.Length()
	current := elapsed / period // also 0 in the last Ahead seconds before the start
	step := t.Step()
	switch {
	case step < current-PreviousSteps:
		if current >= length {
			// No newer link exists: a new face check is needed.
			return ReasonSessionOver
		}
		return ReasonStale
	case step > current+1, step == current+1 && elapsed < step*period-Ahead:
		return ReasonAhead
	}
	return ReasonOK
}

// SecondsLeft returns for how many seconds from now the pass can be shown: until the
// session or the credential ends, whichever is first. 0 means that it has ended.
func (t *Token) SecondsLeft(now int64) int64 {
	return max(0, min(t.Start()+t.Period()*t.Length(), t.Expiry())-now)
}
