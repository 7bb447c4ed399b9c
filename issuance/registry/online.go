package registry

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
)

// Identified is a person who passed the face check and whose name and number the resident registry
// confirmed.
type Identified struct {
	Provider string // the face check provider; a sandbox is named as such
	// Guard fails if too many checks of the person have failed meanwhile. It is called in the
	// transaction that relies on the check.
	Guard func(ctx context.Context, q database.Queries) error
}

// issuerName is the issuer's name in the audit log, for actions of its own rules.
const issuerName = "issuer"

var errPhone = problem.New(account.PhoneUnverified, "the account's phone must be verified first")

// VerifyOnline verifies an account's own identity without a counter (人证核验, rule G39): the phone is
// verified, the person passes the face check, and the resident registry confirms name and number.
// It does not count as an application for a temporary ID. An unconfirmed identity keeps its status.
// Only the identity that was checked is verified: after a concurrent edit or a counter's verdict it
// fails with [EntryChanged].
func (s *Store) VerifyOnline(ctx context.Context, by account.Holder, evidence, request string, from throttle.Caller) (next rules.Status, provider string, err error) {
	seen, err := viewForHolder(ctx, s, "read the identity to verify", func(ctx context.Context, q database.Queries) (holder, error) {
		h, err := s.readHolder(ctx, q, by.Account(), "")
		if err == nil {
			err = s.mayVerifyOnline(ctx, q, h)
		}
		return h, err
	})
	if err != nil {
		return 0, "", err
	}
	person, err := s.Identify(ctx, seen.Person, evidence, from)
	if err != nil {
		return 0, "", err
	}
	err = s.changeForHolder(ctx, "verify online", by, func(ctx context.Context, tx *sql.Tx, h holder) error {
		if h.version != seen.version {
			return errEntryChanged
		}
		if err := s.mayVerifyOnline(ctx, tx, h); err != nil {
			return err
		}
		if err := person.Guard(ctx, tx); err != nil {
			return err
		}
		if err := s.assignIdentity(ctx, tx, h, h.Person); err != nil {
			return err
		}
		if err := setStatus(ctx, tx, Ref{Account: h.id}, rules.Verified); err != nil {
			return err
		}
		return s.AuditLog.Append(ctx, tx, audit.Entry{
			AtMs: s.Now().UnixMilli(), Who: issuerName, Role: staff.Program, Action: staff.VerifyOnline, Object: audit.Object{Kind: audit.Account, ID: h.id},
			Detail: fmt.Sprintf("%v becomes %v, by face and resident registry", h.Status, rules.Verified), Request: request,
		})
	})
	if err != nil {
		return 0, "", err
	}
	return rules.Verified, person.Provider, nil
}

// mayVerifyOnline refuses identities that cannot be verified online, before the face check.
func (s *Store) mayVerifyOnline(ctx context.Context, q database.Queries, h holder) error {
	if err := rules.CanVerifyOnline(h.Account); err != nil {
		return err
	}
	if s.hasLost(h, h.Person) {
		return errIdentityLost
	}
	p, err := account.ProfileOf(ctx, q, s.Vault, h.id)
	if err == nil && !p.PhoneVerified() {
		err = errPhone
	}
	return err
}
