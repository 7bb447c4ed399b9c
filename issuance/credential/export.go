package credential

import (
	"context"
	"database/sql"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/database"
)

// PersonalData is all that is held of an application, opened for its holder (rule
// B12). Times are Unix seconds.
type PersonalData struct {
	View     ApplicationView
	Name     string
	Document string
	Number   string
	City     string
	Policy   string // version of the privacy policy agreed to; empty: the account's consent counts
	AgreedAt int64  // 0 without Policy
	Sessions int    // how many viewings were recorded
	ErasedAt int64
	LoggedIn bool   // whether it is bound to an account
	Subject  string // the pseudonym in the codes; empty before approval
	// PaperProofs are those that police desks made for the person. None are shown before
	// the face check and the resident registry have confirmed who applies: a number alone
	// opens an application.
	PaperProofs []PaperProof
}

// Export tells the holder what is held of the application.
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

// isIdentified reports whether the applicant has passed the face check and name and number
// were confirmed.
func isIdentified(a *Application) bool {
	return a.State == StateApproved ||
		a.State == StateRefused && (a.RefusedFor == QuotaExceeded || a.RefusedFor == RenewalTooEarly)
}

// retentionOf is how long an application is kept in its present status.
func retentionOf(a *Application) time.Duration {
	if a.State == StateSubmitted {
		return UncheckedLife
	}
	return RecordLife
}

// eraseEvery is how often Run erases what is due; eraseMost bounds one run, so
// that a backlog of a holiday does not keep the database busy for long.
const (
	eraseEvery = 10 * time.Minute
	eraseMost  = 100_000
)

// Erase deletes the applications of more than 31 days ago with all that hangs on
// them (rule A13), those that were never checked after two days, and paper proofs of
// more than 31 days ago. It returns how many of all these went.
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

// EraseSome erases a batch of what is due at now, and returns how many applications and
// paper proofs went; fewer than were left only if none are. A command may call it beside
// a running service.
func (s *Store) EraseSome(ctx context.Context, now time.Time) (erased int, err error) {
	before := now.Add(-RecordLife)
	applications, err := s.eraseApplications(ctx, database.MillisAt(before), month(before))
	if err != nil {
		return int(applications), err
	}
	// Nothing hangs on applications whose person no check has seen. The state is written
	// out, so that its index serves.
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
		s.Log.Error("erasing old applications and paper proofs", zap.Error(err))
	}
	if n > 0 {
		s.Log.Info("erased old applications and paper proofs", zap.Int("erased", n))
	}
}

// eraseMostAtOnce is how much one transaction erases: little enough that nothing waits
// long for it.
const eraseMostAtOnce = 200

// eraseBatch erases at most a batch of what is older than a time.
func (s *Store) eraseBatch(ctx context.Context, what, query string, before time.Time) (n int64, err error) {
	err = s.db.Change(ctx, what, func(ctx context.Context, tx *sql.Tx) error {
		n, err = database.Changed(ctx, tx, query, database.MillisAt(before), eraseMostAtOnce)
		return err
	})
	return n, err
}

// eraseApplications deletes the applications that were made before a time, with all that
// hangs on them, and quotas of months before month; at most a batch. What staff did to a
// credential stays in the audit log, which names serials only.
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
			`DELETE FROM applications WHERE id IN ` + old, // last: it says how many
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
