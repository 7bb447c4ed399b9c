package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// SubjectLead bounds how far ahead of now a subject's cut-off may lie: whoever
// must be kept out for longer has credentials to revoke.
const SubjectLead = 24 * time.Hour

// SubjectCutOff ends a passenger's sessions: those that start before Before are
// not good, whichever credential they belong to.
type SubjectCutOff struct {
	Subject tokens.Subject
	Before  int64  // Unix seconds
	Who     string // orders it; see staff.CheckName
	AtMs    int64
}

// CutOffSubject puts a subject's cut-off into the outbox with its cause. It only
// ever moves to a later time; a repetition changes nothing, which changed tells.
func (s *Store) CutOffSubject(ctx context.Context, c SubjectCutOff) (changed bool, err error) {
	switch {
	case c.Before*1000 > c.AtMs+SubjectLead.Milliseconds():
		return false, ErrTooFar
	case c.Before*1000 <= c.AtMs-sessionOver:
		return false, ErrNoSession
	}
	err = s.db.Change(ctx, "cut off subject", func(ctx context.Context, tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `
			INSERT INTO subject_cutoffs (subject, cut_off, at_ms) VALUES ($1, $2, $3)
			ON CONFLICT (subject) DO UPDATE SET cut_off = excluded.cut_off, at_ms = excluded.at_ms
			WHERE excluded.cut_off > subject_cutoffs.cut_off`, c.Subject[:], c.Before, c.AtMs)
		if err != nil {
			return err
		}
		n, err := done.RowsAffected()
		if changed = n == 1; err != nil || !changed {
			return err
		}
		_, err = s.enqueue(ctx, tx, &revocation.Record{Kind: revocation.KindRevokeSubject, At: c.AtMs, Subject: c.Subject, CutOff: c.Before})
		if err != nil {
			return err
		}
		return s.order(ctx, tx, audit.Entry{AtMs: c.AtMs, Who: c.Who, Action: staff.CutOffSubject,
			Object: audit.Object{Kind: audit.Subject, ID: c.Subject.String()}, Detail: "before " + stamp(c.Before)})
	})
	return changed && err == nil, err
}
