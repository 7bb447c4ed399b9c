package account

import (
	"context"
	"database/sql"

	"github.com/railgate/railgate/issuance/problem"
)

// ErrConsent refuses a request without consent to the privacy policy in force. It says
// where the policy is.
var ErrConsent = problem.New(ConsentRequired, "policy must be the version of the privacy policy in force: GET /v1/privacy-policy has its text and version")

// Consent records that the holder agrees to the privacy policy in force. Saying
// so again changes nothing. Who takes consent back closes the account (rule B12).
func (s *Service) Consent(ctx context.Context, h Holder, policy string) error {
	if policy != s.Policy {
		return ErrConsent
	}
	return s.Database.Change(ctx, "consent", func(ctx context.Context, tx *sql.Tx) error {
		if err := s.LockLogin(ctx, tx, h); err != nil {
			return err
		}
		return s.consent(ctx, tx, h.account, s.Now().UnixMilli())
	})
}

func (s *Service) consent(ctx context.Context, tx *sql.Tx, account string, now int64) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO consents (account, version, at_ms) VALUES ($1, $2, $3) ON CONFLICT (account, version) DO NOTHING`,
		account, s.Policy, now)
	return err
}
