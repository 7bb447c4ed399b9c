package credential

import (
	"context"
	"database/sql"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/database"
)

// PersonalData is all personal data of an application, decrypted for its holder (rule B12).
// Times are Unix seconds.
type PersonalData struct {
	View     ApplicationView
	Name     string
	Document string
	Number   string
	City     string
	Policy   string // version of the agreed privacy policy; empty: the account's consent applies
	AgreedAt int64  // 0 without Policy
	Sessions int    // number of recorded sessions
	ErasedAt int64
	LoggedIn bool   // whether it is bound to an account
	Subject  string // the pseudonym in the codes; empty before approval
	// PaperProofs are those that police desks made for the person. They are shown only
	// after the face check and the resident registry have confirmed the applicant: a number
	// alone opens an application.
	PaperProofs []PaperProof
}

// Export returns the personal data of the application.
func (s *Service) Export(ctx context.Context, h Holder) (out PersonalData, err error) {
	p, err := s.openIdentity(&h.application)
	if err != nil {
		return out, err
	}
	city, err := s.vault.Decrypt(h.application.City, fieldPlace(columnCity, h.application.ID))
	if err != nil {
		return out, err
	}
	var n int
	err = s.Store.db.View(ctx, "count sessions", func(ctx context.Context, q database.Queries) error {
		return q.QueryRowContext(ctx, `SELECT COUNT(*) FROM sessions WHERE application = $1`, h.application.ID).Scan(&n)
	})
	out = PersonalData{
		View: s.View(h), Name: p.Name, Document: p.Document.String(), Number: p.Number, City: string(city),
		Policy: h.application.Policy, AgreedAt: h.application.Consent.Seconds(),
		Sessions: n, ErasedAt: h.application.Created.Add(retentionOf(&h.application)).Seconds(), LoggedIn: h.application.Account != "",
	}
	if h.credential != nil {
		out.Subject = h.credential.Subject.String()
	}
	if err == nil && isIdentified(&h.application) {
		out.PaperProofs, err = s.PaperProofsOf(ctx, Document{Type: p.Document.String(), Number: p.Number})
	}
	return out, err
}

// isIdentified reports whether the applicant has passed the face check and their name and
// number were confirmed.
func isIdentified(a *Application) bool {
	return a.State == StateApproved ||
		a.State == StateRefused && (a.RefusedFor == QuotaExceeded || a.RefusedFor == RenewalTooEarly)
}

// retentionOf is how long an application is stored in its present state.
func retentionOf(a *Application) time.Duration {
	if a.State == StateSubmitted {
		return UncheckedLife
	}
	return RecordLife
}

// eraseEvery is how often Run erases due records; eraseMost bounds one run: the backlog of a
// holiday must not keep the database busy for long.
const (
	eraseEvery = 10 * time.Minute
	eraseMost  = 100_000
)

// Erase deletes applications older than 31 days with all their rows (rule A13), unchecked
// applications older than two days, and paper proofs older than 31 days. It returns the
// number of applications and paper proofs.
func (s *Service) Erase(ctx context.Context) (erased int, err error) {
	now := s.Now()
	for erased < eraseMost {
		n, err := s.Store.EraseSome(ctx, now)
		erased += n
		s.metrics.erased.Add(float64(n))
		if err != nil || n == 0 {
			return erased, err
		}
	}
	return erased, nil
}

// EraseSome erases a batch of the records due at now, and returns the number of applications
// and paper proofs; it returns 0 only if none remain. A command may call it beside a running
// service.
func (s *Store) EraseSome(ctx context.Context, now time.Time) (erased int, err error) {
	before := now.Add(-RecordLife)
	applications, err := s.eraseApplications(ctx, database.MillisAt(before), month(before))
	if err != nil {
		return int(applications), err
	}
	// An unchecked application has no rows in other tables. The state is a literal, so
	// that the partial index is used.
	unchecked, err := s.eraseBatch(ctx, "erase unchecked applications", `DELETE FROM applications WHERE state = 1 AND id IN
		(SELECT id FROM applications WHERE state = 1 AND created_ms < $1 ORDER BY created_ms, id LIMIT $2)`, now.Add(-UncheckedLife))
	if err != nil {
		return int(applications + unchecked), err
	}
	paper, err := s.eraseBatch(ctx, "erase paper proofs", `DELETE FROM paper_proofs WHERE id IN
		(SELECT id FROM paper_proofs WHERE issued_ms < $1 ORDER BY issued_ms, id LIMIT $2)`, before)
	return int(applications + unchecked + paper), err
}

func (s *Service) eraseDue(ctx context.Context) {
	n, err := s.Erase(ctx)
	if err != nil && ctx.Err() == nil {
		s.Log.Error("old applications and paper proofs not erased; retrying", zap.Error(err))
	}
	if n > 0 {
		s.Log.Info("erased old applications and paper proofs", zap.Int("erased", n))
	}
}

// eraseMostAtOnce is how many rows one transaction erases: few enough that other
// transactions wait only shortly.
const eraseMostAtOnce = 200

// eraseBatch erases at most a batch of the rows older than a time.
func (s *Store) eraseBatch(ctx context.Context, what, query string, before time.Time) (n int64, err error) {
	err = s.db.Change(ctx, what, func(ctx context.Context, tx *sql.Tx) error {
		n, err = database.Changed(ctx, tx, query, database.MillisAt(before), eraseMostAtOnce)
		return err
	})
	return n, err
}

// eraseApplications deletes at most a batch of the applications that were created before a
// time, with all their rows, and the quotas of months before month. Staff actions on a
// credential stay in the audit log, which names serials only.
func (s *Store) eraseApplications(ctx context.Context, before database.Millis, month int) (n int64, err error) {
	err = s.db.Change(ctx, "erase applications", func(ctx context.Context, tx *sql.Tx) error {
		const old = `(SELECT id FROM applications WHERE created_ms < $1 ORDER BY created_ms, id LIMIT $2)`
		const credentials = `(SELECT 1 FROM credentials c WHERE c.application IN ` + old
		for _, q := range []string{
			`DELETE FROM sessions WHERE application IN ` + old,
			`DELETE FROM checks WHERE application IN ` + old,
			`DELETE FROM revocations WHERE EXISTS ` + credentials + ` AND c.day = revocations.day AND c.idx = revocations.idx)`,
			`DELETE FROM persons WHERE EXISTS ` + credentials + ` AND c.day = persons.day AND c.idx = persons.idx)`,
			`DELETE FROM credentials WHERE application IN ` + old,
			`DELETE FROM applications WHERE id IN ` + old, // last: its count is returned
		} {
			if n, err = database.Changed(ctx, tx, q, before, eraseMostAtOnce); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM quotas WHERE month < $1`, month)
		return err
	})
	return n, err
}
