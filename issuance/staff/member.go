package staff

import (
	"slices"

	"github.com/railgate/railgate/issuance/problem"
)

// Member is who has shown a credential. Only a List makes one that may do
// anything; the zero Member may do nothing.
type Member struct {
	credential *Credential
	metrics    *metrics
}

// Name is the credential's, for the trail and the log.
func (m Member) Name() string {
	if m.credential == nil {
		return ""
	}
	return m.credential.Name
}

// May is nil if one of the member's roles may do the action, and refuses with
// ForbiddenRole otherwise. It counts either.
func (m Member) May(a Action) error {
	_, err := m.As(a)
	return err
}

// As is May, and says in which role, for the trail: the first in the order of
// the rule sheet.
func (m Member) As(a Action) (Role, error) {
	outcome := "refused"
	defer func() { m.count(a, outcome) }()
	if m.credential != nil {
		for _, r := range allowed(a) {
			if slices.Contains(m.credential.Roles, r) {
				outcome = "allowed"
				return r, nil
			}
		}
	}
	return "", problem.New(ForbiddenRole, "this credential's roles do not include one that may do this")
}

func (m Member) count(a Action, outcome string) {
	if m.metrics != nil && allowed(a) != nil { // a label is never anybody's choice
		m.metrics.asked.WithLabelValues(string(a), outcome).Inc()
	}
}
