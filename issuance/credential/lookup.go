package credential

import (
	"context"
	"errors"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/store"
	"github.com/railgate/railgate/tokens"
)

// LookUp tells staff how a credential stands, and nothing of its person: neither
// the application nor when it was handed in. Nothing is told before the question
// is in the trail.
func (s *Service) LookUp(ctx context.Context, by staff.Member, serial, request string) (Standing, error) {
	now := s.Now()
	entry, err := audit.By(by, staff.LookUpCredential, audit.Object{}, now.UnixMilli())
	if err != nil {
		return Standing{}, err
	}
	id, err := tokens.ParseSerial(serial)
	if err != nil || id.Index >= store.IndexEnd {
		return Standing{}, errNoCredential
	}
	c, err := s.Store.Credential(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return Standing{}, errNoCredential
	}
	if err != nil {
		return Standing{}, err
	}
	entry.Object, entry.Request = audit.Serial(id), request
	if err := s.Trail.Note(ctx, entry); err != nil {
		return Standing{}, err
	}
	st := standing(&store.Application{}, c, now)
	st.Application, st.SubmittedAt = "", 0
	return st, nil
}
