package main

import "github.com/railgate/railgate/test/harness/passenger"

type verdict = passenger.Verdict

// judgement is the result of comparing a verdict with the ledger.
type judgement string

const (
	rightAdmission judgement = "correct admission"
	rightRefusal   judgement = "correct refusal"
	early          judgement = "watermark not passed yet" // the guarantee does not cover these
	changing       judgement = "changed during the check" // a request was in progress, or its outcome is unknown
	noData         judgement = "no usable data"           // booting or expired
	inDoubt        judgement = "stream in doubt"          // refused while stale or suspect, which is allowed
	wrongAdmission judgement = "WRONG ADMISSION"
	wrongRefusal   judgement = "WRONG REFUSAL"
)

// judge compares a verdict with the ledger before the check was sent and after the answer arrived.
// Both must be the same settled status: then no request was in progress when the gateway decided. A
// race can hide a finding for one check; it can never produce a false one.
func judge(before, after status, v *verdict) judgement {
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
		return wrongRefusal // never correct for this credential
	case state != "fresh":
		return inDoubt
	case passed:
		return wrongRefusal
	}
	return early
}
