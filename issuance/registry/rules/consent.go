package rules

import (
	"time"

	"github.com/railgate/railgate/issuance/problem"
)

// Consent is to the keeping of a person's data under a version of the privacy
// policy. Ours: for a passenger on a list the account holder gives it, and with
// it the word that the passenger agreed.
type Consent struct {
	Policy string
	At     time.Time
}

// CanKeep reports whether a person's data may be kept at all (rule B12): only with
// consent to the policy in force, given by now.
func CanKeep(c Consent, policy string, now time.Time) error {
	if policy == "" || c.Policy != policy || c.At.IsZero() || c.At.After(now) {
		return problem.New(ConsentMissing, "consent to the privacy policy in force is needed")
	}
	return nil
}
