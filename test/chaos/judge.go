package main

import "github.com/railgate/railgate/test/harness/passenger"

type verdict = passenger.Verdict

// judgement is what a verdict turns out to be when it is held against the ledger.
type judgement string

const (
	rightAdmission judgement = "admitted, rightly"
	rightRefusal   judgement = "refused, rightly"
	early          judgement = "watermark not passed yet" // the promise says nothing about these
	changing       judgement = "changed meanwhile"        // a request was under way, or its fate is unknown
	noData         judgement = "no usable data"           // booting or expired
	inDoubt        judgement = "stream in doubt"          // refused while stale or suspect, which is allowed
	wrongAdmission judgement = "WRONG ADMISSION"
	wrongRefusal   judgement = "WRONG REFUSAL"
)

// judge holds a verdict against what the ledger knew before the question was
// sent and after the answer came. Both must be the same settled standing, so
// that nothing was under way at the moment, whenever it was, that the gateway
// decided: a race can hide a finding for one question, never make one.
func judge(before, after standing, v *verdict) judgement {
	if !before.Settled || before.Version != after.Version {
		return changing
	}
	state := v.Revocation.State
	if state == "booting" || state == "expired" {
		if v.Verdict == "allow" {
			return wrongAdmission
		}
		return noData
	}
	passed := v.Revocation.WatermarkMS > before.AckMS
	switch allowed := v.Verdict == "allow"; {
	case before.Revoked && !allowed:
		return rightRefusal
	case before.Revoked && passed:
		return wrongAdmission
	case before.Revoked:
		return early
	case allowed:
		return rightAdmission
	case v.Reason == "revoked" && (!before.Ever || before.Leaves), v.Reason == "session_closed" && (!before.Ever || !before.Leaves):
		return wrongRefusal // nothing may ever say this of it
	case state != "fresh":
		return inDoubt
	case passed:
		return wrongRefusal
	}
	return early
}
